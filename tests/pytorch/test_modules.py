"""build: sepcost's layers as modules of torch, the ones that --format pytorch writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sepcost import Conv, Linear, Replacement, compare
from sepcost.blocks.blocks import separable
from sepcost.blocks.replacements import reason_to_keep
from sepcost.errors import CannotReplaceError
from sepcost.formats.drawing.module_code import module_code
from sepcost.layers import Flatten
from sepcost.layers.layer import TorchModule
from sepcost.pytorch import build
from sepcost.pytorch.modules import built
from tests.commands import ROOT, Run, clean_environment
from tests.formats.test_module_code import executed
from tests.strategies import convs, every_replacement

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

CONV = Conv((8, 9), 4, 6, 3)


def names(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_children()]


def test_a_convolution_alone_is_one_module() -> None:
    conv = build(Conv((8, 9), 4, 6, (3, 5), stride=2, padding=(1, 0), dilation=2, groups=2, bias=True))
    assert isinstance(conv, nn.Conv2d)
    assert repr(conv) == repr(nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 0), dilation=2, groups=2))


def test_what_is_next_to_a_convolution_is_called_after_it() -> None:
    assert names(build(Conv((8, 9), 4, 6, 3, norm="batch"))) == ["conv", "conv_norm"]
    assert names(build(Conv((8, 9), 4, 6, (3, 4), stride=(2, 1), norm="batch"))) == ["conv_pad", "conv", "conv_norm"]
    assert names(build(Conv((8,), 4, 6, 2, transposed=True))) == ["conv", "conv_crop"]


def test_a_linear_layer() -> None:
    assert repr(build(Linear(5, 7))) == repr(nn.Linear(5, 7, bias=False))
    assert repr(build(Linear(5, 7, bias=True))) == repr(nn.Linear(5, 7))


def test_parts_are_a_sequence_with_their_names() -> None:
    conv = Conv((8, 9), 4, 6, 3, norm="batch")
    of_a_replacement = separable(conv)
    of_a_comparison = compare(conv).layers[0].variants["separable"].parts
    for module in (build(of_a_replacement), build(of_a_comparison), build(list(of_a_comparison))):
        assert isinstance(module, nn.Sequential)
        assert names(module) == ["depthwise", "depthwise_norm", "pointwise", "pointwise_norm"]
    assert names(build((("alone", CONV),))) == ["alone"]


def test_parts_whose_names_torch_does_not_allow_get_others() -> None:
    given_ = ["train", "a.b", "", "a b", "class", "3×3", "漢", "a.b", "forward", "x" * 60]
    expected = ["train_2", "a_b", "part", "a_b_2", "class_", "_3_3", "part_2", "a_b_3", "forward_2", "x" * 40]
    square = Conv((8, 8), 4, 4, 3)
    module = build(tuple((name, square) for name in given_))
    assert names(module) == expected
    assert module(torch.zeros(1, 4, 8, 8)).shape == (1, 4, 8, 8)


@pytest.mark.parametrize("layer", [Conv((8, 9), 4, 6, (3, 4), stride=(2, 1), norm="batch"), CONV, Linear(5, 7, True)])
def test_device_and_dtype_are_torchs(layer: Conv | Linear) -> None:
    for device in ("meta", torch.device("meta"), "cpu"):
        module = build(layer, device=device, dtype=torch.float16)
        assert {parameter.device for parameter in module.parameters()} == {torch.device(device)}
        assert {parameter.dtype for parameter in module.parameters()} == {torch.float16}
    assert {(str(each.device), each.dtype) for each in build(layer).parameters()} == {("cpu", torch.float32)}


class Slopes(Flatten):
    """A kind of layer whose module of torch has params, and is none of those that sepcost knows."""

    __slots__ = ()

    def torch_modules(self, *, any_size: bool = False) -> list[TorchModule]:
        return [TorchModule("", "PReLU", (4,))]


def test_a_module_with_params_of_any_class_is_on_the_device() -> None:
    assert all(parameter.is_meta for parameter in built(Slopes((4, 3)), "meta").parameters())


def test_every_part_is_on_the_device() -> None:
    module = build(separable(Conv((8, 9), 4, 6, (3, 4), stride=(2, 1), norm="batch", bias=True)), device="meta")
    assert len(module.state_dict()) == 2 * (2 + 5)
    assert all(tensor.is_meta for tensor in module.state_dict().values())


def test_on_the_meta_device_nothing_is_too_large_but_for_torch() -> None:
    assert sum(each.numel() for each in build(Linear(2**31 - 1, 2**30), device="meta").parameters()) > 2**60
    with pytest.raises(RuntimeError, match="overflow"):
        build(Linear(2**31 - 1, 2**31 - 1), device="meta")


@given(convs(), every_replacement())
def test_the_modules_are_those_that_code_writes(conv: Conv, texts: list[str]) -> None:
    """Of a sequence of one module, --format pytorch writes the module."""
    written = executed(module_code("", compare(conv, texts)))
    built = [build(conv, device="meta")]
    for variant in compare(conv, texts).layers[0].variants.values():
        if variant.parts:
            built.append(build(variant.parts, device="meta"))
    built = [module[0] if isinstance(module, nn.Sequential) and len(module) == 1 else module for module in built]
    assert list(map(repr, built)) == list(map(repr, written.values()))
    for ours, theirs in zip(built, written.values()):
        shapes = [{name: tensor.shape for name, tensor in module.state_dict().items()} for module in (ours, theirs)]
        assert shapes[0] == shapes[1]


@given(convs(), st.data())
def test_maps_of_numbers_go_through_and_have_the_claimed_shapes(conv: Conv, data: st.DataObject) -> None:
    numbers = torch.rand(2, *conv.input_shape)
    with torch.no_grad():
        assert build(conv).eval()(numbers).shape == (2, *conv.output_shape)
        text = data.draw(st.sampled_from(data.draw(every_replacement())))
        try:
            parts = () if reason_to_keep(conv) else Replacement.parse(text)(conv)
        except CannotReplaceError:
            return
        if parts:
            assert build(parts).eval()(numbers).shape == (2, *conv.output_shape)


def test_what_is_padded_is_zeros_in_front_and_behind() -> None:
    """As TensorFlow pads for ``same``: one more after than in front."""
    module = build(Conv((4,), 1, 1, 4))
    with torch.no_grad():
        next(module.parameters()).fill_(1)
        sums = module(torch.tensor([[[1.0, 10.0, 100.0, 1000.0]]]))
    assert sums.flatten().tolist() == [111, 1111, 1110, 1100]


# Without torch

TORCHES = {
    "missing": (
        "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
        "torch is not installed: pip install 'torch>=2.13,<2.15'",
    ),
    "broken": (
        "raise ImportError('libtorch.so: cannot open shared object file\\nand a second line')",
        "torch cannot be imported (libtorch.so: cannot open shared object file): pip install 'torch>=2.13,<2.15'",
    ),
    "silent": (
        "raise ImportError",
        "torch cannot be imported (no reason given): pip install 'torch>=2.13,<2.15'",
    ),
    "without all that it needs": (
        "import nowhere_to_be_found",
        "torch cannot be imported (No module named 'nowhere_to_be_found'): pip install 'torch>=2.13,<2.15'",
    ),
}


def python(code: str, torch_folder: Path) -> Run:
    """Run the code where this folder's torch comes first."""
    environment = clean_environment(PYTHONPATH=os.pathsep.join([str(torch_folder), str(ROOT)]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, cwd=ROOT, text=True)
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("source", "message"), TORCHES.values(), ids=TORCHES)
def test_without_torch_one_line_says_what_to_install(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text(source)
    run = python("from sepcost.pytorch import build", tmp_path)
    assert (run.code, run.out) == (1, "")
    assert run.err.splitlines()[-1] == f"sepcost.errors.MissingTorchError: {message}"
    assert "during handling" not in run.err.lower()


def test_without_torch_everything_else_works(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(TORCHES["missing"][0])
    code = """
from sepcost import Conv, MissingTorchError, SepcostError, compare
conv = Conv((8, 8), 4, 6, 3)
print(compare(conv).standard.cost.params)
for _ in range(2):
    try:
        compare(conv, verify=True)
    except MissingTorchError as error:
        print(error, isinstance(error, SepcostError), isinstance(error, ImportError))
"""
    message = f"{TORCHES['missing'][1]} True True"
    assert python(code, tmp_path) == Run(0, f"216\n{message}\n{message}\n", "")
