"""Running: inputs by place and name, devices, and what is said where a model does not take them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.pytorch.models.inputs import make_inputs
from sepcost.pytorch.running.running import load_and_trace
from sepcost.pytorch.tracing.trace import Trace
from sepcost.text.input_text import DTYPES, InputText
from sepcost.text.model_text import Device, ModelText
from tests.commands import sepcost

MODELS = """
from dataclasses import dataclass
import random

import numpy
import numpy as np
import torch
from torch import nn

LIMIT = torch.tensor([3])

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, bias=False)
    def forward(self, x):
        return self.conv(x)

class Two(Net):
    def forward(self, image, tokens=None, *, mask):
        print("runs")
        return {"image": self.conv(image), "tokens": (tokens, mask)}

class Values(Net):
    def forward(self, x):
        return self.conv(x) if x.sum() >= 0 else x

class Fixed(Net):
    def forward(self, x):
        return self.conv(x) + torch.ones(8, 6, 6, device="cpu")

class Own(Net):
    def forward(self, x):
        return self.conv(x) + torch.ones(8, 6, 6)

class OwnValues(Net):
    def forward(self, x):
        return self.conv(x) * int(torch.arange(4).max()) * int(LIMIT)

class Unique(Net):
    def forward(self, x):
        return torch.unique(x)

class Raises(Net):
    def forward(self, x):
        raise LookupError("not today")

class Missing(Net):
    def forward(self, image=None, mask=None):
        return image.shape

class Main(Missing):
    main_input_name = "image"

class Anything(Net):
    def forward(self, *images, **more):
        return self.conv(images[0])

class Nothing(Net):
    def forward(self):
        return None

@dataclass
class Result:
    out: torch.Tensor

class Dataclass(Net):
    def forward(self, x):
        return Result(self.conv(x))

class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 4)
    def forward(self, tokens):
        return self.table(tokens)

class Pair(Tokens):
    def forward(self, image, tokens):
        return image.sum() + self.table(tokens).sum()

class Metadata(Net):
    def forward(self, x):
        raise ValueError("the metadata of this device has no key 'depth'")

class Mapped(Net):
    def forward(self, x):
        from functorch.experimental.control_flow import map
        return map(lambda image: self.conv(image[None])[0].clone(), x)

class Loops(Net):
    def forward(self, x):
        from torch._higher_order_ops import while_loop
        again = while_loop(lambda n, x: n < 3, lambda n, x: (n + 1, x.clone()), (torch.tensor(0), x))
        return self.conv(again[1])

class Random(Net):
    def forward(self, x):
        some = int(torch.randint(1, 50, (1,), device="cpu")), random.randrange(50), numpy.random.randint(50)
        for _ in range(sum(some) + 1):
            out = self.conv(x)
        return out

def half():
    return nn.Sequential(nn.Conv2d(3, 8, 3)).half()

def lazy():
    return nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))

lazy_instance = lazy()

def compiled():
    return nn.Sequential(torch.compile(Net(), fullgraph=True))

def compiled_in_place():
    net = Net()
    net.compile()
    return net

def attention():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1, enable_nested_tensor=False)

def scripted():
    return torch.jit.script(nn.Sequential(nn.Conv2d(3, 8, 3)))
"""
IMAGE = "3x8x8"
CONV = "Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), bias=False)"
MACS = 8 * 3 * 9 * 36


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(MODELS, encoding="utf-8")


def run(name: str, *inputs: str, device: Device = "meta") -> Trace:
    text = ModelText.parse(f"nets.py:{name}")
    return load_and_trace(text, list(map(InputText.parse, inputs)), device=device).trace


def refusal(name: str, *inputs: str, device: Device = "meta") -> str:
    with pytest.raises(ModelError) as caught:
        run(name, *inputs, device=device)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"nets.py:{name}: ")
    return str(caught.value).removeprefix(f"nets.py:{name}: ")


def line_of(source: str) -> str:
    """The place of the line that contains the text, as a message has it."""
    number, line = next((number, line) for number, line in enumerate(MODELS.splitlines(), 1) if source in line)
    return f"(nets.py:{number}: {line.strip()})"


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("Net", [IMAGE]),
        ("Net", [f"x={IMAGE}"]),
        ("Two", [IMAGE, f"mask={IMAGE}"]),
        ("Two", [IMAGE, "77:int64", "mask=4:bool"]),
        ("Two", ["mask=4", f"image={IMAGE}"]),
        ("Anything", [IMAGE, "4", "more=5"]),
        ("Dataclass", [IMAGE]),
    ],
)
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_inputs_are_given_by_place_and_by_name(name: str, inputs: list[str], device: Device) -> None:
    traced = run(name, *inputs, device=device)
    assert (traced.macs, traced.params, traced.agrees) == (MACS, 8 * 3 * 9, True)
    assert traced.network.name == f"nets.py:{name}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_an_input_is_a_batch_of_one_of_its_dtype(dtype: str, device: Device) -> None:
    (made,), named = make_inputs(nn.ReLU(), [InputText(None, (3, 4), dtype)], device=device)
    assert (made.shape, made.dtype, made.device.type, named) == ((1, 3, 4), getattr(torch, dtype), device, {})
    assert device == "meta" or not made.any()


SHAPES = "as in 3x224x224 or 77:int64, without the batch"


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("Net", [], f"forward takes x: give --input SHAPE, {SHAPES}"),
        ("Anything", [], f"forward takes inputs: give --input SHAPE, {SHAPES}"),
        ("Main", [], f"forward takes image: give --input SHAPE, {SHAPES}"),
        ("Two", [], f"forward needs image and mask: give --input image=SHAPE --input mask=SHAPE, {SHAPES}"),
        ("Two", [IMAGE], f"forward needs mask: give --input mask=SHAPE, {SHAPES}"),
        ("Two", [f"imge={IMAGE}"], "forward takes no input called imge; did you mean `image`?"),
        ("Two", [f"y={IMAGE}"], "forward takes no input called y; it takes image, tokens and mask"),
        ("Net", [IMAGE, IMAGE], "2 inputs are given without a name, and forward takes 1 (x)"),
        ("Nothing", [IMAGE], "1 inputs are given without a name, and forward takes none"),
        ("Nothing", ["x=3"], "forward takes no input called x"),
        ("Net", [IMAGE, f"x={IMAGE}"], "input x is given twice: by its name, and by its place"),
        ("Net", [f"x={IMAGE}", f"x={IMAGE}"], "input x is given twice"),
        ("Net", ["3x9999999999999x9999999999999"], "input 3x9999999999999x9999999999999 is too large for torch"),
    ],
)
def test_inputs_that_forward_does_not_take_are_reported(name: str, inputs: list[str], message: str) -> None:
    assert refusal(name, *inputs) == message


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_an_input_with_the_batch_is_reported(device: Device) -> None:
    assert refusal("Net", f"1x{IMAGE}", device=device) == (
        "--input 1x3x8x8 has the batch in it, which --batch sets: give --input 3x8x8"
    )
    assert refusal("Two", f"image=1x{IMAGE}", "mask=4", device=device) == (
        "--input image=1x3x8x8 has the batch in it, which --batch sets: give --input image=3x8x8 --input mask=4"
    )


@pytest.mark.parametrize(
    ("given", "got"), [("3x8", "(1, 3, 8)"), ("4x8x8", "(1, 4, 8, 8)"), ("1x4x8x8", "(1, 1, 4, 8, 8)")]
)
def test_a_wrong_rank_or_size_is_reported_with_the_layer_and_the_line(given: str, got: str) -> None:
    message = refusal("Net", given)
    assert message.startswith(f"does not run on {given}: RuntimeError: ")
    assert message.endswith(f", in conv: {CONV} got {got} {line_of('return self.conv(x)')}")


def test_a_layer_alone_has_no_name_and_no_line() -> None:
    with pytest.raises(ModelError) as caught:
        load_and_trace(ModelText.parse("torch.nn:Linear(3, 4)"), [InputText.parse("5")])
    assert str(caught.value) == (
        "torch.nn:Linear(3, 4): does not run on 5: RuntimeError: a and b must have same reduction dim,"
        " but got [1, 5] X [3, 4], in Linear(in_features=3, out_features=4, bias=True) got (1, 5)"
    )


def test_a_wrong_dtype_is_reported_with_the_right_one() -> None:
    line = line_of("return self.table(tokens)")
    assert refusal("Tokens", "7") == (
        "does not run on 7: RuntimeError: Expected tensor for argument #1 'indices' to have one of the following scalar"
        f" types: Long, Int; but got torch.float32 instead, in table: Embedding(10, 4) got (1, 7) {line};"
        " it runs on --input 7:int64"
    )
    assert refusal("half", IMAGE).endswith("; it runs on --input 3x8x8:float16")


def test_of_several_inputs_the_one_with_another_dtype_is_reported() -> None:
    assert refusal("Pair", IMAGE, "7").endswith("; it runs on --input 3x8x8 --input 7:int64")


def test_what_the_model_raises_is_reported_with_its_line() -> None:
    line = line_of("raise LookupError")
    assert refusal("Raises", IMAGE) == f"does not run on 3x8x8: LookupError: not today {line}"
    line = line_of("raise ValueError")
    assert refusal("Metadata", IMAGE) == (
        f"does not run on 3x8x8: ValueError: the metadata of this device has no key 'depth' {line}"
    )


def test_what_a_library_raises_is_reported_with_the_models_line() -> None:
    Path("nets.py").write_text(f"{MODELS}\nimport transformers\n\ndef build(): return transformers.ViTModel(3)\n")
    line = "(nets.py:{}: def build(): return transformers.ViTModel(3))".format(MODELS.count("\n") + 4)
    assert refusal("build", IMAGE).endswith(line)


def test_operators_of_higher_order_are_listed_or_refused() -> None:
    traced = run("Mapped", IMAGE, device="cpu")
    assert (traced.agrees, dict(traced.uncounted)) == (True, {("", "map_impl"): 1})
    start = "runs an operator that torch's counter cannot run, such as while_loop or map (nets.py:"
    assert refusal("Loops", IMAGE, device="cpu").startswith(start)
    assert refusal("Mapped", IMAGE).startswith(start)
    assert refusal("Mapped", IMAGE).endswith("; --device cpu runs some of them")


def test_random_numbers_are_the_same_each_time_and_others_go_on() -> None:
    def draw() -> tuple[float, float, float]:
        return float(torch.rand(1)), random.random(), float(np.random.rand())

    def seed() -> None:
        torch.manual_seed(7)
        random.seed(7)
        np.random.seed(7)

    seed()
    draw()
    expected = draw()
    seed()
    draw()
    assert len({run("Random", IMAGE, device="cpu").macs for _ in range(3)}) == 1
    assert draw() == expected


def test_a_model_that_fails_without_inputs_gets_a_message_with_what_to_give() -> None:
    line = line_of("return image.shape")
    assert refusal("Missing") == (
        "needs inputs, it seems: give --input NAME=SHAPE:"
        f" AttributeError: 'NoneType' object has no attribute 'shape' {line}"
    )
    assert run("Nothing").macs == 0


@pytest.mark.parametrize(
    ("name", "does", "line"),
    [
        ("Values", "asks for the values of tensors, which are not there", "if x.sum() >= 0"),
        ("Fixed", "makes a tensor on a device of its own", 'device="cpu"'),
        ("Unique", "runs an operator that is not made for it", "torch.unique"),
    ],
)
def test_a_model_that_meta_cannot_run_gets_a_message_with_what_can(name: str, does: str, line: str) -> None:
    where = line_of(line)
    assert refusal(name, IMAGE) == (
        f"cannot run on the meta device: it {does} {where}; --device cpu runs it on real memory"
    )
    assert run(name, IMAGE, device="cpu").agrees


@pytest.mark.parametrize("name", ["Own", "OwnValues"])
def test_tensors_that_a_model_makes_are_where_it_needs_them(name: str) -> None:
    assert run(name, IMAGE).macs == MACS


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("name", ["lazy", "lazy_instance"])
def test_lazy_modules_are_initialised(name: str, device: Device) -> None:
    traced = run(name, IMAGE, device=device)
    assert traced.agrees
    assert traced.macs == MACS + 8 * 36 * 5
    assert traced.params == 8 * 3 * 9 + 8 + 2 * 8 + 8 * 36 * 5 + 5


@pytest.mark.parametrize(("name", "conv"), [("compiled", "0.conv"), ("compiled_in_place", "conv")])
def test_compiled_models_run_as_they_were_written(name: str, conv: str) -> None:
    traced = run(name, IMAGE)
    assert [node.name for node in traced.network] == [conv]
    assert traced.macs == MACS


def test_scripted_models_run_where_they_were_made() -> None:
    """In a process of its own: torch keeps what it has scripted before, and compares it with what comes."""
    done = sepcost("compare", "nets.py:scripted", "--input", IMAGE, "--format", "json", cwd=Path.cwd())
    (network,) = json.loads(done.out)["networks"]
    assert (network["total"]["standard"]["macs"], network["layers"][0]["kept"]) == (MACS, "it is TorchScript")


def test_attention_is_counted_on_the_cpu_as_on_meta() -> None:
    on_meta, on_cpu = run("attention", "7x16"), run("attention", "7x16", device="cpu")
    assert on_cpu.macs == on_meta.macs == 7 * (3 * 16 * 16 + 16 * 16 + 2 * 16 * 32) + 2 * 7 * 7 * 16
    assert not on_cpu.uncounted
    assert torch.backends.mha.get_fastpath_enabled()


def test_what_a_model_prints_while_it_runs_is_not_for_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    run("Two", IMAGE, "mask=4")
    assert capsys.readouterr() == ("", "runs\n")
