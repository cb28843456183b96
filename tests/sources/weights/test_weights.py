"""Files of weights as sources: params are torch's, and what weights do not say is nowhere a number."""

from __future__ import annotations

import csv
import io
import json
import struct
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import sepcost
from sepcost.errors import ConfigError, SepcostError
from sepcost.graphs.values import Value
from sepcost.graphs.weights import network_of
from sepcost.pytorch import replace_convolutions
from tests.commands import Run
from tests.commands import sepcost as command
from tests.sources.programs import measured

UNKNOWN = (
    "macs",
    "flops",
    "activations",
    "activation_bytes",
    "traffic_bytes",
    "macs_per_byte",
    "peak_activation_bytes",
)


class Net(nn.Module):
    """A layer of every kind whose weight differs from the others in its rank or its name."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, stride=2, bias=False), nn.BatchNorm2d(16))
        self.depthwise = nn.Conv2d(16, 16, 5, groups=16)
        self.up = nn.ConvTranspose2d(16, 8, 2)
        self.wave, self.voxels = nn.Conv1d(8, 4, 7), nn.Conv3d(4, 4, 3, bias=False)
        self.embed, self.rnn = nn.Embedding(11, 8), nn.LSTM(8, 6)
        self.attention, self.norm = nn.MultiheadAttention(8, 2), nn.LayerNorm(8)
        self.cls = nn.Parameter(torch.zeros(1, 1, 8))
        self.head = nn.Linear(8, 11, bias=False)


def params(model: nn.Module) -> int:
    return sum(each.numel() for each in model.parameters())


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(contents: Any, name: str) -> str:
    save_file(contents, name) if name.endswith(".safetensors") else torch.save(contents, name)
    return name


def network(*arguments: str) -> dict[str, Any]:
    done = command("compare", *arguments, "--format", "json", cwd=Path.cwd())
    assert (done.code, done.err) == (0, "")
    (found,) = json.loads(done.out)["networks"]
    return dict(found)


def run(*arguments: str) -> Run:
    return command(*arguments, cwd=Path.cwd())


@pytest.mark.parametrize("name", ["net.safetensors", "net.pt", "net.PTH", "net.ckpt"])
def test_params_are_those_of_torch(name: str) -> None:
    model = Net()
    found = network(saved(model.state_dict(), name))
    assert found["total"]["standard"]["params"] == params(model)
    assert found["total"]["standard"]["weight_bytes"] == 4 * params(model)
    layers = {each["name"]: (each["type"], each["standard"]["params"]) for each in found["layers"]}
    kinds = {nn.Conv1d: "conv", nn.Conv2d: "conv", nn.Conv3d: "conv", nn.Linear: "linear"}
    modules = {name: each for name, each in model.named_modules() if type(each) in kinds}
    assert {name: (kinds[type(each)], params(each)) for name, each in modules.items()}.items() <= layers.items()
    assert layers["attention.in_proj"] == ("linear", 3 * 8 * (8 + 1))
    assert layers["rnn.weight_hh_l0"] == ("linear", 24 * (6 + 1))
    left = params(model.embed) + params(model.norm) + params(model.stem[1]) + model.cls.numel()
    assert layers["remainder"] == ("other", left + 8)  # with the bias of up, whose C and O are swapped


def test_what_weights_do_not_say_is_null_and_a_dash() -> None:
    file = saved(Net().state_dict(), "net.safetensors")
    total = network(file)["total"]
    for figures in (total["standard"], total["replacements"]["separable"]):
        assert [figures[name] for name in UNKNOWN] == [None] * len(UNKNOWN)
    assert total["replacements"]["separable"]["reduction"]["macs"] is None
    stem = network(file)["layers"][0]
    assert not {"stride", "groups", "transposed", "padding", "dilation"} & stem.keys()
    rows = list(csv.DictReader(io.StringIO(run("compare", file, "--format", "csv").out)))
    assert {row[name] for row in rows for name in UNKNOWN} == {""}
    table = run("compare", file, "--columns", "layer,params,macs,share,backward_macs,receptive_field").out
    stem, *_ = (line for line in table.splitlines() if "stem.0" in line)
    assert stem.split() == ["stem.0", "432", *"––––"]


def test_reductions_are_of_params() -> None:
    wide = nn.Conv2d(32, 64, 3)
    model = nn.Sequential(wide, nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 1))
    first, second, third = network(saved(model.state_dict(), "net.pt"))["layers"]
    replaced = params(replace_convolutions(nn.Sequential(wide), "separable"))
    assert first["replacements"]["separable"]["params"] == replaced
    assert first["replacements"]["separable"]["reduction"]["params"] == params(wide) / replaced
    assert (second["kept"], third["kept"]) == ("already depthwise, or one input channel", "1×1")


@pytest.mark.parametrize(
    ("dtype", "size"),
    [(torch.float16, 2), (torch.bfloat16, 2), (torch.float64, 8), (torch.float8_e4m3fn, 1), (torch.int8, 1)],
)
@pytest.mark.parametrize("name", ["net.safetensors", "net.pt"])
def test_bytes_are_those_of_the_file(dtype: torch.dtype, size: int, name: str) -> None:
    weights = {"a.weight": torch.zeros(8, 4, 3, 3).to(dtype), "b.weight": torch.zeros(5, 7).to(dtype)}
    (found,) = [network(saved(weights, name))["total"]["standard"]]
    assert (found["params"], found["weight_bytes"]) == (288 + 35, size * (288 + 35))


def test_bytes_of_several_dtypes_add_up() -> None:
    weights = {"a.weight": torch.zeros(8, 4, 3, 3).half(), "a.bias": torch.zeros(8), "scale": torch.zeros(3).double()}
    assert network(saved(weights, "net.safetensors"))["total"]["standard"]["weight_bytes"] == 2 * 288 + 4 * 8 + 8 * 3


def test_weights_under_two_names_count_once() -> None:
    kernel, table = torch.ones(8, 8, 3, 3), torch.ones(9, 4)
    weights = {"a.weight": kernel, "b.weight": kernel, "tokens.embed.weight": table, "head.weight": table}
    found = network(saved(weights, "net.pt"))
    assert found["total"]["standard"]["params"] == kernel.numel() + table.numel()
    assert {each["name"]: each.get("weights_of") for each in found["layers"]}["b"] == "a"


def test_buffers_are_no_params_and_packed_weights_make_totals_lower_bounds() -> None:
    weights = {"a.weight": torch.ones(8, 3, 3, 3), "a.running_mean": torch.ones(8), "index": torch.ones(4, 4).long()}
    assert network(saved(weights, "net.safetensors"))["total"]["standard"]["params"] == 216
    packed = weights | {"b.qweight": torch.ones(4, 4, dtype=torch.int32)}
    found = network(saved(packed, "net.safetensors"))
    assert (found["uncounted"], found["lower_bound"]) == ({"b.qweight (int32)": 1}, True)
    assert run("check", "net.safetensors", "--max-params", "1k", "--no-verify").code == 2


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("experts.gate_up_proj_blocks", torch.uint8),  # gpt-oss
        ("l.weight._data", torch.uint8),  # quanto
        ("q_proj.W_q", torch.uint8),  # HQQ
        ("q_proj.trellis", torch.int16),  # EXL3
        ("q_proj.Qidxs", torch.int64),  # QuIP#
    ],
)
def test_integers_that_may_be_packed_weights_are_listed(name: str, dtype: torch.dtype) -> None:
    saved({"a.weight": torch.ones(8, 3, 3, 3), name: torch.ones(4, 4, dtype=dtype)}, "net.safetensors")
    assert list(network("net.safetensors")["uncounted"]) == [f"{name} ({str(dtype).removeprefix('torch.')})"]


@pytest.mark.parametrize(
    "name",
    [
        "embeddings.position_ids", "attn.relative_position_index", "h.0.attn.bias", "h.0.attn.attention.bias",
        "attn_mask", "mask", "attention_bias_idxs", "l.g_idx", "l.qzeros", "l.weight_zero_point", "l.weight_scale",
        "experts.gate_up_proj_scales", "anchors", "bn.num_batches_tracked",
    ],
)  # fmt: skip
def test_indices_masks_and_zero_points_are_no_weights(name: str) -> None:
    saved({"a.weight": torch.ones(8, 3, 3, 3), name: torch.ones(4, 4).long()}, "net.safetensors")
    saved({"a.weight": torch.ones(8, 3, 3, 3), "seen": torch.ones(4, 4).bool()}, "seen.safetensors")
    for file in ("net.safetensors", "seen.safetensors"):
        assert network(file)["uncounted"] == {}


@pytest.mark.parametrize(
    ("shape", "is_kernel"),
    [
        ((32, 1024, 1536), False),  # experts
        ((12, 768, 64), False),  # heads
        ((1920, 120, 128), True),  # wav2vec's positions
        ((514, 1, 1024), True),  # an STFT
        ((1024, 1024, 16), True),  # EnCodec
        ((21, 21, 64, 64), True),  # FCN-32s
    ],
)
def test_no_kernel_is_long_over_many_channels(shape: tuple[int, ...], is_kernel: bool) -> None:
    tensors = {"a.weight": Value(shape)}
    assert [node.layer.type for node in network_of("net", tensors)] == ["conv" if is_kernel else "other"]


@pytest.mark.parametrize(("dtype", "keep"), [(torch.int8, "it is quantised"), (torch.bfloat16, None)])
def test_quantised_convolutions_are_kept(dtype: torch.dtype, keep: str | None) -> None:
    (layer,) = sepcost.load(saved({"stem.weight": torch.zeros(8, 3, 3, 3, dtype=dtype)}, "net.safetensors"))
    assert layer.keep == keep


def test_a_key_names_one_of_several() -> None:
    saved({"ema": {"a.weight": torch.ones(8, 3, 3, 3)}, "model": {"a.weight": torch.ones(8, 3, 5, 5)}}, "ckpt.pth")
    assert network("ckpt.pth:ema")["total"]["standard"]["params"] == 216
    assert run("compare", "ckpt.pth") == Run(2, "", "ckpt.pth: has 2 state dicts: type ckpt.pth:ema, ckpt.pth:model\n")
    assert run("compare", "none.pth:ema") == Run(2, "", "none.pth:ema: cannot be read: no such file or directory\n")


def test_an_index_of_what_torch_saved() -> None:
    torch.save({"a.weight": torch.ones(8, 3, 3, 3)}, "pytorch_model-1.bin")
    torch.save({"b.weight": torch.ones(4, 8)}, "pytorch_model-2.bin")
    shards = {"a.weight": "pytorch_model-1.bin", "b.weight": "pytorch_model-2.bin"}
    index = Path("pytorch_model.bin.index.json")
    index.write_text(json.dumps({"metadata": {"total_size": 992}, "weight_map": shards}), encoding="utf-8")
    assert [(node.name, node.cost.params) for node in sepcost.load(str(index))] == [("a", 216), ("b", 32)]


def test_an_index_is_all_of_its_files() -> None:
    saved({"a.weight": torch.ones(8, 3, 3, 3)}, "part-1.safetensors")
    saved({"b.weight": torch.ones(4, 8)}, "part-2.safetensors")
    shards = {"a.weight": "part-1.safetensors", "b.weight": "part-2.safetensors"}
    index = Path("model.safetensors.index.json")
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    assert [(node.name, node.cost.params) for node in sepcost.load(str(index))] == [("a", 216), ("b", 32)]
    Path("inner").mkdir()
    inner = Path("inner", index.name)
    for name, said in (
        ("../part-1.safetensors", "is no file of weights"),
        (str(Path("part-1.safetensors").absolute()), "is no file of weights"),
        ("part-3.safetensors", "cannot be read: no such file"),
    ):
        inner.write_text(json.dumps({"weight_map": {"a.weight": name}}), encoding="utf-8")
        with pytest.raises(ConfigError, match=said):
            sepcost.load(str(inner))


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_the_tensors_of_an_index_are_those_that_it_names(suffix: str) -> None:
    saved({"model.a.weight": torch.ones(8, 3, 3, 3), "model.b.weight": torch.ones(9, 9)}, f"1{suffix}")
    saved({"model.b.weight": torch.ones(4, 8), "model.c.weight": torch.ones(9, 9)}, f"2{suffix}")
    index = Path(f"model{suffix}.index.json")
    shards = {"model.a.weight": f"1{suffix}", "model.b.weight": f"2{suffix}"}
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    assert [(node.name, node.cost.params) for node in sepcost.load(str(index))] == [("model.a", 216), ("model.b", 32)]
    index.write_text(json.dumps({"weight_map": shards | {"model.d.weight": f"2{suffix}"}}), encoding="utf-8")
    said = f"{index}: model.d.weight should be in 2{suffix}, and is not\n"
    assert run("compare", str(index)) == Run(2, "", said)


def test_check_holds_params_and_does_not_decide_macs() -> None:
    file = saved(Net().state_dict(), "net.safetensors")
    assert run("check", file, "--max-params", "10k").code == 0
    assert run("check", file, "--max-params", "1k").code == 1
    done = run("check", file, "--max-macs", "600M", "--no-verify")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "undecided, weights alone do not say on which maps they run: give the code of the model" in done.err


def test_a_baseline_and_earlier_costs_are_as_good_as_the_file() -> None:
    file = saved(Net().state_dict(), "net.safetensors")
    assert run("check", file, "--update-baseline", "base.json").code == 0
    assert run("check", file, "--baseline", "base.json").code == 0
    Path("costs.json").write_text(run("compare", file, "--format", "json").out, encoding="utf-8")
    for earlier in ("base.json", "costs.json"):
        found = json.loads(run("diff", earlier, file, "--format", "json").out)
        assert (found["differ"], found["total"]["flops"]["before"]) == (False, None)
    saved({**Net().state_dict(), "more": torch.ones(3)}, file)
    assert run("check", file, "--baseline", "base.json").code == 1


def test_a_difference_is_of_params() -> None:
    before = saved({"a.weight": torch.ones(8, 3, 3, 3), "b.weight": torch.ones(5, 8)}, "a.safetensors")
    after = saved({"a.weight": torch.ones(8, 3, 3, 3), "b.weight": torch.ones(6, 8)}, "b.pt")
    found = json.loads(run("diff", before, after, "--format", "json").out)
    assert (found["total"]["params"]["difference"], found["total"]["macs"]["difference"]) == (8, None)
    assert [each["after"]["name"] for each in found["changes"]] == ["b"]


def test_a_difference_to_a_model_has_no_fact_that_weights_do_not_say() -> None:
    conv = sepcost.Conv((8, 8), 3, 16, 3, stride=2)
    saved({"conv.weight": torch.ones(16, 3, 3, 3)}, "a.safetensors")
    difference = sepcost.diff("a.safetensors", conv)
    assert [each.facts.keys() & {"stride", "padding"} for each in difference.layers] == [set()]


NEEDS_A_MODEL = "holds weights: name the code of the model, as in net.py:build, or give its .onnx"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["compare", "net.pt", "--input", "3x8x8"],
            f"sepcost: --input 3x8x8 is for a model, and net.pt {NEEDS_A_MODEL}",
        ),
        (["bench", "net.pt"], f"net.pt: {NEEDS_A_MODEL}"),
        (["compare", "net.pt", "--explain"], f"sepcost: --explain derives counts on a map, and net {NEEDS_A_MODEL}"),
        (["compare", "net.pt", "--format", "yaml"], f"sepcost: net {NEEDS_A_MODEL}"),
        (
            ["compare", "net.pt", "--alpha", "0.5"],
            "net.pt: a model is what its code or its file says: alpha, rho and resolution are for configs",
        ),
    ],
)
def test_what_needs_a_model_is_one_line(arguments: list[str], message: str) -> None:
    saved({"a.weight": torch.ones(8, 3, 3, 3)}, "net.pt")
    assert run(*arguments) == Run(2, "", f"{message}\n")
    with pytest.raises(SepcostError, match=r"inputs are for a model, and net\.pt holds weights"):
        sepcost.compare("net.pt", inputs="3x8x8")


def test_weights_need_no_torch_where_they_are_safetensors(monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved({"a.weight": torch.ones(8, 3, 3, 3)}, "net.safetensors")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    assert sepcost.load(file).nodes[0].cost.params == 216


def test_kinds_of_layers_have_subtotals() -> None:
    file = saved(Net().state_dict(), "net.safetensors")
    rows = csv.DictReader(io.StringIO(run("compare", file, "--rows", "types", "--format", "csv").out))
    assert sum(int(row["params"]) for row in rows if row["row"] == "type") == params(Net())


def header(fields: Any, data: bytes = b"") -> bytes:
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(**changed: Any) -> dict[str, Any]:
    return {"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changed}}


@pytest.mark.parametrize("length", [0x80, 0x4B50], ids=["as a pickle", "as a zip"])
def test_a_header_whose_length_looks_like_another_format(length: int) -> None:
    """The length comes first: 128 is how a pickle begins, 19,280 how a zip does."""
    text = json.dumps(tensor()).encode()
    Path("net.safetensors").write_bytes(header(text + b" " * (length - len(text)), bytes(16)))
    assert run("compare", "net.safetensors").code == 0


DAMAGED: dict[str, bytes] = {
    "is empty": b"",
    "is a pointer to the file: git lfs pull fetches it": b"version https://git-lfs.github.com/spec/v1\n",
    "is a web page, not the file: download it again": b"\n<!DOCTYPE html><html></html>",
    "cut off?": struct.pack("<Q", 2**63) + b"{",
    "has nothing that can be counted": header({}),
    "--graph-limit 16MiB reads more": header(b'{"' + b"a" * (8 << 20) + b'":{}}'),
    "is nested too deeply to be read": header(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "is there twice": header(b'{"a":{},"a":{}}'),
    "its shape is [-2, -2]: at most 8 sizes are read": header(tensor(shape=[-2, -2]), bytes(16)),
    "its shape is [True, 4]: ": header(tensor(shape=[True, 4]), bytes(16)),
    "its dtype is F99, which is not known": header(tensor(dtype="F99"), bytes(16)),
    "its shape is [1, 1, 1, 1, 1, 1, 1, 1, 1]: ": header(tensor(shape=[1] * 9), bytes(16)),
    "lies at bytes 0 to 16, and should at 0 to 4": header(tensor(shape=[1]), bytes(16)),
    "lies at bytes 4 to 20, and should at 0 to 16": header(tensor(data_offsets=[4, 20]), bytes(20)),
    "is what torch.save writes: its name should end in .pt": b"PK\x03\x04" + bytes(99),
    "its tensors have 16 bytes, and the file 8": header(tensor(), bytes(8)),
    "is no file of weights": header(b"\xff\xfe{}"),
    "is no file of weights, or is damaged: ": header({"a": 3}),
    "is no file of weights, or is damaged": header({"a": {}}),
}


@pytest.mark.parametrize("reason", DAMAGED)
def test_a_damaged_header_is_one_line(reason: str) -> None:
    Path("net.safetensors").write_bytes(DAMAGED[reason])
    done = run("compare", "net.safetensors")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert reason in done.err


def pickled(length: int) -> bytes:
    return b"\x80\x02" + b"]" * length + b"."


def zipped(contents: dict[str, bytes], compression: int = ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with ZipFile(data, "w", compression) as archive:
        for name, content in {"data.pkl": pickled(1), **contents, "version": b"3\n"}.items():
            archive.writestr(f"net/{name}", content)
    return data.getvalue()


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "pickle": (lambda: zipped({"data.pkl": pickled(3 << 20)}), "its pickle is too large"),
    "compressed pickle": (lambda: zipped({"data.pkl": pickled(99 << 20)}, ZIP_DEFLATED), "its pickle is too large"),
    "compressed zeros": (lambda: zipped({"zeros": bytes(99 << 20)}, ZIP_DEFLATED), "more than twice as large"),
    "older form": (lambda: pickled(1 << 20), "its pickle is too large"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_take_much_memory_is_refused(bomb: str) -> None:
    made, reason = BOMBS[bomb]
    Path("net.pt").write_bytes(made())
    done = run("compare", "net.pt")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert reason in done.err


def header_of(*tensors: tuple[str, list[int]]) -> str:
    """A header of float32 tensors, which lie one after the other."""
    fields, end = {}, 0
    for name, shape in tensors:
        begin, end = end, end + 4 * prod(shape)
        fields[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    return json.dumps(fields, separators=(",", ":"))


MANY: dict[str, tuple[Callable[[], str], str]] = {
    "kernels": (lambda: header_of(*((f"{number:x}.weight", [1, 1, 1]) for number in range(32_000))), "32000"),
    "more kernels": (
        lambda: header_of(*((f"{number:x}.weight", [1, 1, 1]) for number in range(90_000))), 'graph_limit="22MiB"',
    ),
    "small tensors": (
        lambda: header_of(*((f"{number:x}", [1]) for number in range(120_000))), 'graph_limit="30MiB"',
    ),
    "long names": (
        lambda: header_of(*(
            ("parametrizations.weight.original1" * 30 + f"{number}x.weight", [1, 1, 1]) for number in range(6000)
        )), "6000",
    ),
    "lists": (lambda: f'{{"a":{{"shape":[{"[[]]," * 1_600_000}0]}}}}', "graph_limit"),
    "objects": (lambda: f'{{"a":{{"shape":[{"{}," * 2_700_000}0]}}}}', "graph_limit"),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process had at most")
@pytest.mark.parametrize("name", MANY)
def test_no_header_takes_long(name: str) -> None:
    make, said = MANY[name]
    header = make().encode()
    size = 4 * header.count(b'"F32"')
    with Path("net.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size)
    found = measured(Path("net.safetensors"))
    assert said in found.said
    assert found.seconds < 4
    assert found.kilobytes < 200_000


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tensors_of_torch_that_lie_nowhere_are_counted_and_nested_ones_refused() -> None:
    sparse = {"a.weight": torch.ones(8, 3, 3, 3).to_sparse(), "b.weight": torch.ones(4, 4)}
    assert network(saved(sparse, "net.pt"))["total"]["standard"]["params"] == 216 + 16
    meta = {"a.weight": torch.ones(4, 4, device="meta"), "b.weight": torch.ones(4, 4, device="meta")}
    assert network(saved(meta, "net.pt"))["total"]["standard"]["params"] == 32
    nested = torch.nested.nested_tensor([torch.ones(2, 2), torch.ones(3, 2)])
    saved({"a.weight": nested, "b.weight": torch.ones(4, 4)}, "net.pt")
    said = "net.pt: a.weight is a nested tensor, which has no one shape\n"
    assert run("compare", "net.pt") == Run(2, "", said)


@pytest.mark.parametrize(
    ("folder", "inside", "message"),
    [
        ("saved", "saved_model.pb", "is a TensorFlow SavedModel: python -m tf2onnx.convert --saved-model FOLDER "),
        ("net.mlpackage", "Manifest.json", "is a Core ML model: export the model that it was made from: "),
        ("configs", "readme", "the folder has no .yaml or .yml file in it"),
    ],
)
def test_folders_of_other_formats_are_refused_with_what_works(folder: str, inside: str, message: str) -> None:
    Path(folder).mkdir()
    Path(folder, inside).touch()
    done = run("compare", folder)
    assert (done.code, done.err.startswith(f"{folder}: {message}"), done.err.count("\n")) == (2, True, 1)


@pytest.mark.parametrize("name", ["net.onnx", "net.pt2", "net.tflite", "net.pt"])
def test_what_is_no_model_is_said_of_all_formats(name: str) -> None:
    for head, message in (
        (b"<html>", "is a web page"),
        (b"version https://git-lfs", "is a pointer"),
        (b"", "is empty"),
    ):
        Path(name).write_bytes(head)
        assert run("compare", name).err.startswith(f"{name}: {message}")


@pytest.mark.parametrize("name", ["net.safetensors", "net.pt"])
def test_a_byte_that_is_wrong_anywhere_is_a_count_or_one_line(name: str) -> None:
    torch.manual_seed(0)
    whole = Path(saved(Net().state_dict(), name)).read_bytes()
    at = torch.randint(len(whole), (150,)).tolist()
    at += range(300) if name == "net.safetensors" else range(-300, 0, 7)
    for number, place in enumerate(at):
        spoiled = bytearray(whole)
        if number % 4:
            spoiled[place] = (spoiled[place] + 1 + number) % 256
        else:
            del spoiled[place:]
        Path(name).write_bytes(spoiled)
        try:
            assert sepcost.load(name).nodes
        except ConfigError as error:
            assert "\n" not in str(error)  # noqa: PT017 (some are read)
