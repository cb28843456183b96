"""Models as configs: what a config cannot say is a plain sentence in a comment, and all else comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases import models
from tests.commands import Sepcost

NETS = """
import torch
from torch import nn
from torch.nn import functional


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(4, 4, 1)
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4 * 64, 3)


class Twice(Net):
    def forward(self, x):
        return self.conv(self.conv(x))


class Reshaped(Net):
    def forward(self, x):
        return self.conv(self.stem(x).reshape(-1, 4, 4, 16))


class Repeated(Net):
    def forward(self, x):
        return self.conv(x.repeat(1, 1, 2, 1))


class Both(Net):
    def forward(self, x):
        y = self.conv(x)
        return y, functional.max_pool2d(y, 2), x


class Dropped(Net):
    '''An auxiliary head, of which an evaluation needs nothing.'''

    def forward(self, x):
        y = self.stem(x)
        self.conv(y)
        return self.stem(functional.max_pool2d(y, 2)) if self.training else functional.max_pool2d(y, 2)


class Conditional(Net):
    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.conv(x), lambda x: self.conv(x), (x,))


class Hyper(Net):
    '''Its code computes the weights of a convolution that runs twice.'''

    def __init__(self):
        super().__init__()
        self.weights = nn.Linear(4, 4 * 4 * 9)

    def forward(self, x):
        weight = self.weights(x.new_zeros(4)).view(4, 4, 3, 3)
        return functional.conv2d(functional.conv2d(self.conv(x), weight, padding=1), weight, padding=1)
"""


@pytest.fixture
def nets(tmp_path: Path) -> str:
    file = tmp_path / "nets.py"
    file.write_text(NETS)
    return str(file)


def written(sepcost: Sepcost, *arguments: str) -> tuple[list[str], str]:
    """The comments of the config, and all of it."""
    done = sepcost("compare", *arguments, "--format", "yaml")
    assert done.code == 0, done.err
    return [line for line in done.out.splitlines() if line.startswith("#")], done.out


def standard(sepcost: Sepcost, *arguments: str) -> dict[str, Any]:
    figures = json.loads(sepcost("compare", *arguments, "-r", "none", "--format", "json").out)
    assert isinstance(figures, dict)
    total = figures["networks"][0]["total"]["standard"]
    assert isinstance(total, dict)
    return total


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("Twice", "conv runs more than once"),
        ("Reshaped", "conv reads its input in another shape than it was written in"),
        ("Repeated", "no layer does what repeat does"),
        ("Both", "the output of conv is read, and is one of the model's outputs, too"),
        ("Dropped", "the output of conv is read by no layer, and is none of the model's outputs"),
        ("Conditional", "torch.cond hides what it reads and writes (counted is the branch that has more)"),
        ("Hyper", "no layer does what new_zeros does"),
    ],
)
def test_why_there_is_no_peak_is_a_sentence(in_process: Sepcost, nets: str, model: str, why: str) -> None:
    comments, _ = written(in_process, f"{nets}:{model}", "--input", "4x8x8")
    assert f"# Its peak activations are not known from this: {why}." in comments


def test_a_layer_that_reads_nothing_is_named(in_process: Sepcost) -> None:
    comments, _ = written(in_process, f"{models.__file__}:ClassToken", "--input", "3x8x8")
    assert "# Its peak activations are not known from this: block.0 reads no map." in comments


def test_weights_that_code_computes_keep_macs_params_and_traffic(
    in_process: Sepcost, nets: str, tmp_path: Path
) -> None:
    source = (f"{nets}:Hyper", "--input", "4x8x8")
    comments, text = written(in_process, *source)
    assert "# convolution has weights that are no parameters: as figures, it has no activations here." in comments
    file = tmp_path / "hyper.yaml"
    file.write_text(text)
    model, config = standard(in_process, *source), standard(in_process, str(file))
    assert [config[name] for name in ("params", "macs", "traffic_bytes", "weight_bytes")] == [
        model[name] for name in ("params", "macs", "traffic_bytes", "weight_bytes")
    ]
    assert config["traffic_bytes"] >= 2 * 2 * 4 * 64 * 4  # two convolutions read and write a map each


def test_operators_that_are_not_counted_are_named_with_what_that_means(in_process: Sepcost) -> None:
    comments, _ = written(in_process, f"{models.__file__}:Transformed", "--input", "3x8x8")
    assert comments[-2:] == [
        "# Not counted, as its cost is not known: _fft_r2c (1×).",
        "# So every total of this is a lower bound.",
    ]


def test_complex_layers_are_named_as_what_a_config_cannot_say(in_process: Sepcost) -> None:
    comments, _ = written(in_process, f"{models.__file__}:ComplexConvs", "--input", "2x16x16:complex64")
    assert "# a is complex: its 3 real products for each complex one are counted as one here." in comments


PART = """
input: {C: 16, H: 8}
layers:
  - {name: first, K: 3, O: 16}
  - {name: second, K: 1x3, O: 18}
  - {name: last, K: 3, O: 1}
"""
OPTION = ("--replace-if", "fewer-macs")
SEVERAL = ("-r", "separable", "-r", "grouped:groups=4", "-r", "inverted", "-r", "spatial")


def totals(sepcost: Sepcost, *arguments: str) -> Any:
    return json.loads(sepcost("compare", *arguments, "--format", "json").out)["networks"][0]["total"]


def test_layers_that_some_replacements_leave_come_back_with_the_option_that_the_comment_names(
    in_process: Sepcost, tmp_path: Path
) -> None:
    file, again = tmp_path / "part.yaml", tmp_path / "again.yaml"
    file.write_text(PART)
    comments, text = written(in_process, str(file), *SEVERAL, *OPTION)
    again.write_text(text)
    assert totals(in_process, str(again), *OPTION) == totals(in_process, str(file), *SEVERAL, *OPTION)
    assert comments[2:] == [
        f"# The same under every replacement only with {' '.join(OPTION)}, which keeps:",
        "#   first under inverted: it would not have fewer MACs.",
        "#   second under inverted: it would not have fewer MACs.",
        "#   last under separable and inverted: it would not have fewer MACs.",
    ]


def test_a_layer_that_no_replacement_takes_is_kept_whatever_the_reasons(in_process: Sepcost, tmp_path: Path) -> None:
    """``spatial`` takes no kernel of one axis, four groups no 18 channels, and ``inverted`` has more MACs."""
    file, again = tmp_path / "all.yaml", tmp_path / "again.yaml"
    file.write_text(PART)
    chosen = ("-r", "spatial", "-r", "grouped:groups=4", "-r", "inverted")
    _, text = written(in_process, str(file), *chosen, *OPTION)
    assert "  - {name: second, K: 1x3, O: 18, keep: true}\n" in text
    again.write_text(text)
    assert totals(in_process, str(again), *OPTION) == totals(in_process, str(file), *chosen, *OPTION)
