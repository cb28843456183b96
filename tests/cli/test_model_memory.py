"""Bytes of models as the command reports them: dtypes, quantised layers, what is not counted, and what is not known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cases import models
from tests.commands import ROOT, Run, Sepcost

CASES = str(Path(models.__file__).relative_to(ROOT))


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def counted(sepcost: Sepcost, model: str, *options: str) -> dict[str, Any]:
    done = sepcost("compare", f"{CASES}:{model}", *options, "--format", "json")
    assert (done.code, done.err) == (0, "")
    (network,) = json.loads(done.out)["networks"]
    assert isinstance(network, dict)
    return network


def standard(network: dict[str, Any]) -> dict[str, Any]:
    figures = network["total"]["standard"]
    assert isinstance(figures, dict)
    return figures


def test_memory_is_what_the_models_tensors_have(in_process: Sepcost) -> None:
    network = counted(in_process, "half", "--input", "3x32x32:float16")
    assert network["own_dtype"] == "float16"
    figures = standard(network)
    assert figures["weight_bytes"] == 2 * 24_330 == 48_660
    assert figures["activation_bytes"] == 2 * figures["activations"]
    table = in_process("compare", f"{CASES}:half", "--input", "3x32x32:float16").out
    assert "Memory is in float16." in table


def test_a_dtype_that_was_asked_for_overrides_the_models_own(in_process: Sepcost) -> None:
    options = ("--input", "3x32x32:float16", "--dtype", "float32")
    network = counted(in_process, "half", *options)
    assert standard(network)["weight_bytes"] == 4 * 24_330
    assert "own_dtype" not in network
    done = in_process("compare", f"{CASES}:half", *options)
    assert "Memory is in float32, not in the model's own float16." in done.out


def test_under_int8_biases_and_norms_have_four_bytes(in_process: Sepcost) -> None:
    """3·16·9, 16·32·9, 32·64·9 and 64·10 weights; 16 + 32 + 64 + 10 biases, and 2·(16 + 32) of norms."""
    figures = standard(counted(in_process, "small", "--input", "3x32x32", "--dtype", "int8"))
    weights = 27 * 16 + 9 * 16 * 32 + 9 * 32 * 64 + 640
    assert figures["weight_bytes"] == weights + 4 * (16 + 32 + 64 + 10 + 2 * 48)


def test_a_complex_convolution_is_one_layer_of_real_products(in_process: Sepcost) -> None:
    network = counted(in_process, "ComplexConvs", "--input", "2x16x16:complex64", "-r", "none")
    assert [layer["name"] for layer in network["layers"]] == ["a", "b"]
    figures = standard(network)
    assert figures["macs"] == 3 * 256 * (2 * 8 * 9 + 8 * 8 * 9) == 552_960
    assert figures["weight_bytes"] == 8 * (2 * 8 * 9 + 8 + 8 * 8 * 9 + 8) == 5_888
    assert figures["peak_activation_bytes"] == 8 * 2 * 8 * 256
    done = in_process("compare", f"{CASES}:ComplexConvs", "--input", "2x16x16:complex64", "--verify")
    assert done.code == 0, done.err


def test_quantised_layers_have_their_packed_weights(in_process: Sepcost) -> None:
    network = counted(in_process, "quantised", "--input", "3x16x16", "--device", "cpu")
    layers = {layer["name"]: layer for layer in network["layers"]}
    conv = layers["conv"]
    assert (conv["kernel"], conv["output"], conv["kept"]) == ([3, 3], [8, 14, 14], "it is quantised")
    assert (conv["standard"]["params"], conv["standard"]["macs"]) == (216 + 8, 216 * 14 * 14)
    assert conv["standard"]["weight_bytes"] == 216 + 4 * 8
    assert conv["standard"]["traffic_bytes"] == 3 * 256 + 8 * 196 + 216 + 4 * 8
    stem = layers["stem"]["standard"]
    assert stem["weight_bytes"] == 4 * (81 + 3)
    assert (network["unconfirmed"], network["own_dtype"]) == (["conv"], "mixed")
    assert "lower_bound" not in network
    table = in_process("compare", f"{CASES}:quantised", "--input", "3x16x16", "--device", "cpu").out
    assert "Torch's own counter has nothing of quantised layers: conv." in table
    assert "Memory is in the model's own dtypes." in table


def test_a_dynamically_quantised_linear_layer_is_one(in_process: Sepcost) -> None:
    network = counted(in_process, "dynamic", "--input", "3x8x8", "--device", "cpu")
    linear = network["layers"][-1]
    assert (linear["type"], linear["input"], linear["output"]) == ("linear", [144], [10])
    assert linear["standard"]["weight_bytes"] == 1440 + 4 * 10


def test_a_wholly_quantised_model_has_the_layers_of_its_float_one(in_process: Sepcost) -> None:
    """Dilation, output padding, positions, pools; sums, concatenations and activations have no products."""
    options = ("--input", "4x16x16", "-r", "none")
    ours = counted(in_process, "quantised_wholly", *options, "--device", "cpu")
    floats = counted(in_process, "Quantisable", *options)
    assert "lower_bound" not in ours
    for one, other in zip(ours["layers"], floats["layers"], strict=True):
        assert [one[fact] for fact in ("name", "type", "input", "output")] == [
            other[fact] for fact in ("name", "type", "input", "output")
        ]
        assert [one["standard"][count] for count in ("params", "macs", "activations")] == [
            other["standard"][count] for count in ("params", "macs", "activations")
        ]
    assert ours["unconfirmed"] == ["dilated", "up", "positions"]
    assert standard(ours)["macs"] == 256 * 8 * 2 * 9 + 64 * 16 * 4 * 9 + 256 * 4 * 5 == 78_848
    assert standard(ours)["peak_activation_bytes"] == 4 * 4 * 256 + 4 * 256  # as the input becomes int8


def test_what_is_all_packed_is_no_model_without_params(in_process: Sepcost) -> None:
    model = "torch.ao.nn.quantized:Embedding(10, 16)"
    done = in_process("compare", model, "--input", "3:int64", "--device", "cpu")
    why = "runs nothing that can be counted: the cost of quantized.embedding_byte is not known"
    assert (done.code, done.err.splitlines()[-1]) == (2, f"{model}: {why}")


AUTOCAST = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, bias=False)
        self.scale = torch.nn.Parameter(torch.zeros(5))
    def forward(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return self.conv(x)
"""


def test_weights_that_autocast_converts_are_stored_as_the_model_has_them(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(AUTOCAST)
    done = in_process("compare", f"{tmp_path}/net.py:Net", "--input", "3x8x8", "--device", "cpu", "--format", "json")
    (network,) = json.loads(done.out)["networks"]
    conv, remainder = (layer["standard"] for layer in network["layers"])
    assert (conv["weight_bytes"], conv["activation_bytes"]) == (4 * 3 * 8 * 9, 2 * 8 * 36)
    assert remainder["weight_bytes"] == 4 * 5


WIDER = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(8, 64, 3, padding=1, bias=False, dtype=torch.float16)
    def forward(self, x):
        return self.conv(x.half())
"""


def test_maps_between_the_parts_of_a_replacement_have_the_layers_dtype(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(WIDER)
    done = in_process("compare", f"{tmp_path}/net.py:Net", "--input", "8x16x16", "--format", "json")
    total = json.loads(done.out)["networks"][0]["total"]
    assert total["replacements"]["separable"]["peak_activation_bytes"] == 2 * (8 + 64) * 256


def test_each_network_is_held_against_a_baseline_in_its_own_dtype(in_process: Sepcost, tmp_path: Path) -> None:
    file, baseline = tmp_path / "net.yaml", str(tmp_path / "costs.json")
    file.write_text("input: {C: 8, H: 8}\nlayers: [{K: 3, O: 8}]\n")
    (tmp_path / "net.py").write_text(WIDER)
    both = (str(file), f"{tmp_path}/net.py:Net", "--input", "8x16x16", "--no-verify")
    assert in_process("check", *both, "--update-baseline", baseline).code == 0
    assert in_process("check", *both, "--baseline", baseline).code == 0
    done = in_process("check", *both, "--dtype", "float32", "--baseline", baseline)
    assert done.code == 2
    assert done.err.endswith("/net.py:Net in float32: leave out --dtype\n")
    file.write_text(file.read_text() + "name: another\n")
    assert in_process("check", *both, "--update-baseline", baseline).code == 0


WITHOUT = "torch.nn:Conv2d(3, 8, 3, padding=1)"
TRANSFORMED = (f"{CASES}:Transformed", "--input", "3x8x8")


def test_what_cannot_be_counted_makes_totals_lower_bounds(in_process: Sepcost, tmp_path: Path) -> None:
    network = counted(in_process, "Transformed", "--input", "3x8x8")
    assert network["lower_bound"] is True
    assert list(network["uncounted"]) == ["_fft_r2c"]
    table = in_process("compare", *TRANSFORMED).out
    assert "≥ 13,824" in table
    assert "≥ 13,824" in in_process("compare", *TRANSFORMED, "--rows", "totals").out
    assert r"$\geq$" in in_process("compare", *TRANSFORMED, "--format", "latex").out
    written = in_process("compare", *TRANSFORMED, "--format", "json").out
    tmp_path.joinpath("costs.json").write_text(written)
    assert "≥ 13,824" in in_process("diff", str(tmp_path / "costs.json"), WITHOUT, "--input", "3x8x8").out


def test_a_checked_value_says_that_it_is_a_lower_bound(in_process: Sepcost) -> None:
    done = in_process("check", *TRANSFORMED, "--max-macs", "1M", "--no-verify")
    assert "≥ " in done.out


def alone(tmp_path: Path) -> str:
    file = tmp_path / "list.yaml"
    file.write_text("- {H: 8, C: 4, K: 3, O: 6}\n- {H: 8, C: 4, K: 3, O: 6}\nbudget".removesuffix("\nbudget"))
    return str(file)


@pytest.mark.parametrize(
    "option", [("--max-peak-activation-bytes=1MB",), ("-r", "separable", "--min-reduction=peak_activation_bytes=1")]
)
def test_a_budget_on_a_peak_that_is_not_known_is_refused(
    in_process: Sepcost, tmp_path: Path, option: tuple[str, ...]
) -> None:
    done = in_process("check", alone(tmp_path), *option, "--max-params", "1M", "--no-verify")
    assert done.code == 2
    figure = "reduction of peak activations, separable" if "-r" in option else "peak activations, standard"
    must = "at least 1.00×" if "-r" in option else "at most 1,000,000 B"
    why = "undecided, its layers are independent: which maps wait for each other is not known"
    assert done.err == f"{tmp_path}/list.yaml:1:1: list: {figure}: not known, must be {must}: {why}\n"


def test_an_unknown_peak_is_null_and_does_not_grow(in_process: Sepcost, tmp_path: Path) -> None:
    file, baseline = alone(tmp_path), str(tmp_path / "costs.json")
    assert in_process("check", file, "--update-baseline", baseline, "--no-verify").code == 0
    assert json.loads(Path(baseline).read_text())["networks"][0]["peak_activation_bytes"]["standard"] is None
    again = in_process("check", file, "--baseline", baseline, "--no-verify")
    assert (again.code, again.err) == (0, "")
    assert in_process("diff", baseline, file, "--exit-code").code == 0


def written(sepcost: Sepcost, tmp_path: Path, model: str, shape: str) -> tuple[str, Run]:
    file = tmp_path / "written.yaml"
    options = ("--input", shape, "--format", "yaml", "--output", str(file))
    return str(file), sepcost("compare", f"{CASES}:{model}", *options)


@pytest.mark.parametrize(
    ("model", "shape"),
    [("Bottleneck", "256x56x56"), ("Skip", "16x128x128"), ("small", "3x32x32")],
)
def test_a_written_config_keeps_the_traffic_and_the_peak(
    in_process: Sepcost, tmp_path: Path, model: str, shape: str
) -> None:
    file, done = written(in_process, tmp_path, model, shape)
    assert (done.code, done.err) == (0, "")
    assert "independent" not in Path(file).read_text()
    assert in_process("diff", f"{CASES}:{model}", file, "--input", shape, "--exit-code").code == 0
    both = [json.loads(in_process("compare", *each, "--format", "json").out) for each in (
        (f"{CASES}:{model}", "--input", shape), (file,)
    )]  # fmt: skip
    ours, theirs = (standard(each["networks"][0]) for each in both)
    assert ours == theirs


def test_what_no_layer_can_say_leaves_the_config_without_a_peak(in_process: Sepcost, tmp_path: Path) -> None:
    file, done = written(in_process, tmp_path, "Attention", "3x64x64")
    assert (done.code, done.err) == (0, "")
    text = Path(file).read_text()
    assert "# Its peak activations are not known from this: no layer does what mul does.\n" in text
    assert "operator: bmm, macs: 524288, reads: 28672, writes: 20480" in text
    (network,) = json.loads(in_process("compare", file, "-r", "none", "--format", "json").out)["networks"]
    figures = standard(network)
    assert (figures["traffic_bytes"], figures["peak_activation_bytes"], figures["peak"]) == (311_296, None, None)


NO_CHAINS = """
import torch
from torch import nn
from torch.nn import functional as F

class Does(nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.does = forward
        self.a, self.b, self.c = (nn.Conv2d(8, 8, 3, padding=1, bias=False) for _ in range(3))
        self.matrix = nn.Parameter(torch.zeros(1, 256, 5))
    def forward(self, x):
        return self.does(self, x)

def read_before_it_is_added_to():
    return Does(lambda self, x: (y := self.a(x), z := self.b(x), self.c(z), y + z)[2:])
def unread():
    return Does(lambda self, x: (self.a(x), self.b(self.c(x)))[1])
def again():
    return Does(lambda self, x: self.a(self.a(x)))
def dilated():
    return Does(lambda self, x: F.max_pool2d(self.a(x), 3, dilation=2))
def uneven():
    return Does(lambda self, x: F.adaptive_avg_pool2d(self.a(x), 5))
def with_a_matrix():
    return Does(lambda self, x: torch.bmm(self.a(x).flatten(2), self.matrix))
"""
MAP = 8 * 256


@pytest.mark.parametrize(
    ("model", "traffic"),
    [
        ("read_before_it_is_added_to", 6 * MAP),  # a sum adds none
        ("unread", 6 * MAP),
        ("again", 4 * MAP),
        ("dilated", 2 * MAP + MAP + 8 * 16),
        ("uneven", 2 * MAP + MAP + 8 * 25),
        ("with_a_matrix", 2 * MAP + MAP + 8 * 5),
    ],
)
def test_what_layers_cannot_say_keeps_its_traffic_and_has_no_peak(
    in_process: Sepcost, tmp_path: Path, model: str, traffic: int
) -> None:
    (tmp_path / "nets.py").write_text(NO_CHAINS)
    file = str(tmp_path / "net.yaml")
    command = ("compare", f"{tmp_path}/nets.py:{model}", "--input", "8x16x16")
    assert in_process(*command, "--format", "yaml", "--output", file).code == 0
    both = [in_process(*each, "-r", "none", "--format", "json") for each in (command, ("compare", file))]
    ours, theirs = (standard(json.loads(each.out)["networks"][0]) for each in both)
    weights = 4 * (3 * 8 * 8 * 9 + 256 * 5)
    assert ours["traffic_bytes"] == theirs["traffic_bytes"] == weights + 4 * traffic
    assert ours["peak_activation_bytes"] >= 4 * 2 * MAP
    assert theirs["peak_activation_bytes"] is None


def test_a_pool_of_one_axis_is_written_as_its_author_wrote_it(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(
        "from torch import nn\nnet = nn.Sequential(nn.Conv1d(8, 8, 3), nn.MaxPool1d(3, 2, 1), nn.AvgPool1d(2))\n"
    )
    done = in_process("compare", f"{tmp_path}/nets.py:net", "--input", "8x16", "--format", "json")
    layers = json.loads(done.out)["networks"][0]["layers"]
    assert [layer["output"] for layer in layers] == [[8, 14], [8, 7], [8, 3]]


COPIES = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(8, 8, 3)
    def forward(self, x):
        return self.conv(x).repeat(1, 1, 2, 1)
"""


def test_one_layer_beside_which_something_needs_more_leaves_no_peak(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(COPIES)
    file = str(tmp_path / "net.yaml")
    in_process("compare", f"{tmp_path}/net.py:Net", "--input", "8x16x16", "--format", "yaml", "--output", file)
    done = in_process("check", file, "--max-peak-activation-bytes", "1MB", "--no-verify")
    assert (done.code, "peak activations, standard: not known" in done.err) == (2, True)


def test_the_peak_says_where_it_is(in_process: Sepcost) -> None:
    network = counted(in_process, "Bottleneck", "--input", "256x56x56", "-r", "none")
    mib = 56 * 56 * 4
    assert standard(network)["peak"] == {
        "at": "c", "read_bytes": 64 * mib, "written_bytes": 256 * mib, "held_bytes": 256 * mib
    }  # fmt: skip
    table = in_process("compare", f"{CASES}:Bottleneck", "--input", "256x56x56", "-r", "none").out
    assert "Peak at c: 784.0 KiB in + 3.063 MiB out + 3.063 MiB held." in table


def test_models_of_two_dtypes_are_set_against_each_other_in_their_own(in_process: Sepcost, tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(
        "import torch\nconv, half = (torch.nn.Conv2d(3, 8, 3, dtype=dtype) "
        "for dtype in (torch.float32, torch.float16))\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self, conv=half):\n"
        "        super().__init__()\n"
        "        self.conv = conv\n"
        "    def forward(self, x):\n"
        "        return self.conv(x.to(self.conv.weight.dtype))\n"
        "wide = Net(conv)\n"
    )
    done = in_process("diff", f"{tmp_path}/nets.py:wide", f"{tmp_path}/nets.py:Net()", "--input", "3x8x8")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"\nweights +896 B +448 B +−448 B +−50.0 %\n", done.out)
    assert "Memory is in float32 before, and in float16 after." in done.out
