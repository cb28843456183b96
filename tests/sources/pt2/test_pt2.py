"""Exported programs: counted as torch counts the models that they are of, and never executed."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch
from torch import nn
from torch.export import Dim, export, save

import sepcost
from sepcost.errors import SepcostError
from sepcost.sources.pt2.inputs import DTYPES
from tests.commands import sepcost as command
from tests.pytorch.models import ResNet50
from tests.sources.programs import MODELS, assert_counted_or_refused, spoiled, totals, traced, traffic_and_peak

JSON = "models/model.json"


def saved(path: Path, model: nn.Module, inputs: tuple[Any, ...], **options: Any) -> Path:
    with catch_warnings():
        filterwarnings("ignore", "The tensor attribute")  # of recurrent layers
        save(export(model.eval(), inputs, **options), path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Each model's program, exported once: with its own sizes, or with open ones."""
    folder, made = tmp_path_factory.mktemp("programs"), dict[str, Path]()

    def file(name: str, *, dynamic: bool = False) -> Path:
        path = folder / f"{name}{'_dynamic' * dynamic}.pt2"
        if str(path) not in made:
            each = MODELS[name]
            open_ones = {"dynamic_shapes": [dict.fromkeys(each.axes, Dim.AUTO)]} if dynamic else {}
            made[str(path)] = saved(path, each.model(), each.inputs(), **open_ones)
        return path

    return file


@pytest.mark.parametrize("name", MODELS)
def test_a_program_counts_as_its_model(name: str, files: Callable[..., Path]) -> None:
    network, model = sepcost.load(files(name)), traced(MODELS[name], MODELS[name].shape)
    assert totals(network) == totals(model)
    assert not network.uncounted
    if name != "recurrent":  # a traced one runs step by step
        assert traffic_and_peak(network) == traffic_and_peak(model)
        kept = {node.name: node.keep for node in model if node.layer.type == "conv"}
        assert {node.name: node.keep for node in network if node.layer.type == "conv"} == kept


@pytest.mark.parametrize(("name", "number"), [(name, number) for name in MODELS for number in range(3)])
def test_at_other_sizes(name: str, number: int, files: Callable[..., Path]) -> None:
    each = MODELS[name]
    shape = each.sizes[number]
    file = files(name, dynamic=True)
    network = sepcost.load(file, inputs=f"x={'x'.join(map(str, shape))}")
    assert totals(network) == totals(traced(each, shape))


def test_a_batch_is_one_unless_it_is_given(files: Callable[..., Path]) -> None:
    file, each = files("unet", dynamic=True), MODELS["unet"]
    once = sepcost.load(file, inputs="x=3x32x32")
    assert totals(once) == totals(traced(each, (1, 3, 32, 32)))
    assert once.inputs is None
    assert once.given == "x=3x32x32 (s77=1)"
    assert sepcost.load(file, inputs="x=4x3x32x32").inputs == "x=4x3x32x32"


def test_resnet_50(tmp_path: Path) -> None:
    with torch.device("meta"):
        model, inputs = ResNet50(), (torch.empty(1, 3, 224, 224),)
    network = sepcost.load(saved(tmp_path / "resnet50.pt2", model, inputs))
    assert totals(network) == (4_089_184_256, 25_557_032)  # torchvision's table of ResNet50_Weights: 4.09 G, 25,557,032
    named = dict(ResNet50().named_modules())
    assert [node.name for node in network if not isinstance(named.get(node.name), nn.Module)] == []


class Wrapped(nn.Module):
    """A part without gradients, which export puts into a graph of its own; one weight under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)
        self.two.weight = self.one.weight
        self.norm = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x = self.one(x)
        out: torch.Tensor = self.norm(self.two(x))
        return out


def test_inner_graphs_shared_and_computed_weights(tmp_path: Path) -> None:
    inputs = (torch.zeros(1, 3, 9, 9),)
    network = sepcost.load(saved(tmp_path / "net.pt2", Wrapped(), inputs))
    model = sepcost.load(Wrapped().eval(), inputs=inputs)
    assert totals(network) == totals(model)
    assert [node.name for node in network if node.layer.type == "conv"] == ["one", "two", "norm"]
    assert {node.name: node.weights_of for node in network}["two"] == "one"


class Quantised(nn.Module):
    """As quantisation of exported programs leaves them: kernels are buffers, and the old ones are still there."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.register_buffer("frozen", torch.zeros(8, 3, 3, 3, dtype=torch.int8))
        self.register_buffer("scales", torch.ones(8))
        self.register_buffer("zeros", torch.zeros(8, dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        dequantise = torch.ops.quantized_decomposed.dequantize_per_channel
        kernel = dequantise(self.frozen, self.scales, self.zeros, 0, -128, 127, torch.int8)
        return nn.functional.conv2d(x, kernel, self.conv.bias)


def test_a_quantised_program_is_its_float_twin(tmp_path: Path) -> None:
    importlib.import_module("torch.ao.quantization.fx")  # it has these operators
    (layer,) = sepcost.load(saved(tmp_path / "net.pt2", Quantised(), (torch.zeros(1, 3, 10, 10),)))
    assert (layer.cost.macs, layer.cost.params) == (64 * 8 * 27, 8 * 27 + 8)
    assert layer.keep == "it is quantised"
    assert layer.widths is not None
    assert (layer.widths.weights, layer.widths.biases) == (1, 4)


class Products(nn.Module):
    """Products that export does not take apart, and operators whose cost is not known."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.gru = nn.LSTMCell(4, 5), nn.GRUCell(4, 5)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        products = [torch.inner(x, x), torch.tensordot(x, x, dims=([1], [1])), torch.linalg.matmul(x, x.t())]
        return [*products, *self.cell(x), self.gru(x), torch.fft.rfft(x).abs(), torch.linalg.inv(x @ x.t())]


def test_operators_that_torch_would_take_apart(tmp_path: Path) -> None:
    inputs = (torch.ones(3, 4),)
    network = sepcost.load(saved(tmp_path / "net.pt2", Products(), inputs))
    assert totals(network) == totals(sepcost.load(Products().eval(), inputs=inputs))
    assert network.uncounted == {"fft_rfft": 1, "linalg_inv": 1}


def test_a_pool_that_no_layer_describes_has_no_products(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d((0, 5)))
    assert not sepcost.load(saved(tmp_path / "net.pt2", model, (torch.zeros(1, 3, 9, 9),))).uncounted


def test_an_einsum_that_does_not_fit_is_listed(files: Callable[..., Path], tmp_path: Path) -> None:
    def with_an_axis_more(program: dict[str, Any]) -> str:
        return json.dumps(program).replace("bld,de->ble", "bldx,de->ble")

    network = sepcost.load(rewritten(files("encoder"), tmp_path / "net.pt2", with_an_axis_more))
    assert network.uncounted == {"einsum": 1}


def test_without_torch_and_without_running_anything(files: Callable[..., Path]) -> None:
    code = (
        "import sys\n"
        "class Closed:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.partition('.')[0] in ('torch', 'pickle', 'sympy', 'onnx'):\n"
        "            raise ImportError(name + ' is imported')\n"
        "sys.modules.pop('pickle', None); sys.meta_path.insert(0, Closed())\n"
        "import sepcost\n"
        "print(sum(node.cost.macs for node in sepcost.load(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(files("residual"))], capture_output=True, text=True)
    assert done.stderr == ""
    assert int(done.stdout) == totals(traced(MODELS["residual"], MODELS["residual"].shape))[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the size s53 (axis 2 of x) is not known: give --dim s53=64 or --input x=3x64x48"),
        (["--dim", "s53=64"], "is not known: give --dim "),
        (["--dim", "height=64"], "has no symbol height; its symbols are "),
        (["--input", "y=3x64x48"], "has no input y; its inputs are x"),
        (["--input", "x=4x64x48"], "--input x=4x64x48: axis 1 of x is fixed, at 3, got 4"),
        (["--input", "64x48"], "has 4 axes"),
        (["--input", "x=3x64x48", "--input", "3x64x48"], "has 1 input; --input 3x64x48 is one too many"),
        (["--input", "net.py:inputs"], "is a file, which runs no code: give shapes"),
        (["--input", "x=3x63x48"], "does not run on x=3x63x48 (s77=1): it was exported for sizes with x[2] == "),
        (["--input", "x=2x3x64x48", "--batch", "4"], "have their batch: a batch of 4 contradicts that"),
    ],
)
def test_wrong_sizes_are_one_clear_line(arguments: list[str], said: str, files: Callable[..., Path]) -> None:
    run = command("compare", str(files("unet", dynamic=True)), *arguments)
    assert (run.code, run.out) == (2, "")
    assert said in run.err
    assert len(run.err.splitlines()) == 1


def rewritten(file: Path, to: Path, change: Callable[[dict[str, Any]], Any], **options: Any) -> Path:
    """The program with its JSON changed."""
    with ZipFile(file) as old, ZipFile(to, "w", **options) as new:
        for each in old.infolist():
            data = old.read(each)
            is_graph = each.filename.endswith(JSON)
            changed = change(json.loads(data)) if is_graph else data
            new.writestr(each, changed if isinstance(changed, (bytes, str)) else json.dumps(changed))
    return to


def with_size(text: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(program: dict[str, Any]) -> dict[str, Any]:
        tensor = program["graph_module"]["graph"]["tensor_values"]["x"]
        tensor["sizes"][0] = {"as_expr": {"expr_str": text, "hint": None}}
        program["graph_module"]["graph"]["tensor_values"]["conv2d"]["sizes"][0] = tensor["sizes"][0]
        return program

    return change


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch ran')", "open('ran', 'w')", "exec('open(\\'ran\\', \\'w\\')')",
        "Symbol.__class__.__base__", "Pow(Integer(9), Pow(Integer(9), Integer(9)))", "(" * 5000, "Add(*[1])",
        "Mul(" * 3000 + "1" + ")" * 3000, "Integer('9' * 10 ** 9)",
    ],
)  # fmt: skip
def test_no_text_is_executed(
    text: str, files: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = rewritten(files("unet"), tmp_path / "net.pt2", with_size(text))
    with pytest.raises(SepcostError) as caught:
        sepcost.load(file, inputs="x=1x3x64x48")
    assert len(str(caught.value).splitlines()) == 1
    assert not Path("ran").exists()


def test_a_version_that_is_not_known_is_refused(files: Callable[..., Path], tmp_path: Path) -> None:
    newer = {"schema_version": {"major": 9, "minor": 0}}
    file = rewritten(files("unet"), tmp_path / "net.pt2", lambda program: program | newer)
    with pytest.raises(
        SepcostError, match=r"has version 9 of the schema, only 8 is read: save it again with torch.export.save"
    ):
        sepcost.load(file)


def test_a_bomb_is_not_unpacked(files: Callable[..., Path], tmp_path: Path) -> None:
    bomb = rewritten(files("unet"), tmp_path / "net.pt2", lambda program: b"[" * 2**28)
    with ZipFile(bomb) as old, ZipFile(tmp_path / "small.pt2", "w", ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, old.read(each))
    run = command("compare", str(tmp_path / "small.pt2"))
    assert run.code == 2
    assert "its graph is larger than the limit, 8,388,608 bytes: --graph-limit 257MiB reads more" in run.err


def test_a_limit_of_ones_own(files: Callable[..., Path]) -> None:
    assert command("compare", str(files("unet")), "--graph-limit", "1kB").code == 2
    assert command("compare", str(files("unet")), "--graph-limit", "1MB").code == 0


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<html>", b"version https://git-lfs.github.com/spec/v1\n"])
def test_what_is_no_archive(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    file.write_bytes(data)
    run = command("compare", str(file))
    assert (run.code, run.out, len(run.err.splitlines())) == (2, "", 1)


def spoiled_json(number: int, program: dict[str, Any]) -> bytes:
    return spoiled(json.dumps(program).encode(), number // 2)


def test_corrupt_files_are_counted_or_refused(files: Callable[..., Path], tmp_path: Path) -> None:
    """The archive as a whole, and the JSON in it, of which an archive would notice nothing."""
    whole, file = files("residual").read_bytes(), tmp_path / "net.pt2"
    for number in range(300):
        if number % 2:
            file.write_bytes(spoiled(whole, number))
        else:
            rewritten(files("residual"), file, partial(spoiled_json, number))
        assert_counted_or_refused(file)


def test_commands_take_programs(files: Callable[..., Path], tmp_path: Path) -> None:
    file = files("residual")
    shutil.copy(file, tmp_path / "net.pt2")
    assert command("check", str(file), "--max-macs", "1G").code == 0
    assert command("check", str(file), "--max-macs", "1k").code == 1
    assert "nothing changed" in command("diff", str(file), str(tmp_path / "net.pt2")).out
    config = command("compare", str(file), "--format", "yaml")
    (tmp_path / "net.yaml").write_text(config.out)
    assert totals(sepcost.load(tmp_path / "net.yaml")) == totals(sepcost.load(file))


@pytest.mark.parametrize(("number", "width"), [(7, 4), (6, 2), (29, 1), (31, 1), (32, 1), (33, 1), (99, 1)])
def test_weights_have_the_bytes_of_their_dtype(number: int, width: int, tmp_path: Path) -> None:
    """The numbers are those of the schema: an unknown one is no float32."""

    def change(program: dict[str, Any]) -> dict[str, Any]:
        program["graph_module"]["graph"]["tensor_values"]["p_weight"]["dtype"] = number
        return program

    file = saved(tmp_path / "one.pt2", nn.Conv2d(3, 8, 3, bias=False), (torch.zeros(1, 3, 9, 9),))
    network = sepcost.load(rewritten(file, tmp_path / "net.pt2", change))
    assert network.dtype == ("float32" if number == 7 else "mixed")
    (compared,) = json.loads(sepcost.compare(network).to_json())["networks"]
    assert compared["total"]["standard"]["weight_bytes"] == 216 * width


def test_the_dtypes_are_those_of_the_schema() -> None:
    schema = importlib.import_module("torch._export.serde.schema")
    names = {"byte": "uint8", "char": "int8", "short": "int16", "int": "int32", "long": "int64", "half": "float16"}
    names |= {"float": "float32", "double": "float64", "complexhalf": "complex32", "complexfloat": "complex64"}
    names |= {"complexdouble": "complex128"}
    expected = {each.value: names.get(each.name.lower(), each.name.lower()) for each in schema.ScalarType}
    assert {number: name.replace("_", "") for number, name in DTYPES.items()} == {
        number: name for number, name in expected.items() if name != "unknown"
    }
