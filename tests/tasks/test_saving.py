"""Weights and models are saved whole or not at all, and a saved model computes what the model computes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from sepcost.errors import SepcostError
from sepcost.pytorch import replace_convolutions
from sepcost.pytorch.models.inputs import OwnInputs
from sepcost.pytorch.weights.loading import load_into
from sepcost.pytorch.weights.reading import read_weights
from sepcost.tasks.saving import save_model, save_weights
from sepcost.text.input_text import InputText
from tests.cases.models import small

IMAGE = [InputText.parse("3x8x8")]
KINDS = [".pt2", ".onnx"]


def replaced() -> nn.Module:
    torch.manual_seed(0)
    return replace_convolutions(small(), "separable:multiplier=2").eval()


def run(file: Path, *inputs: torch.Tensor, **named: torch.Tensor) -> list[torch.Tensor]:
    """What a saved model gives, by nothing of sepcost."""
    if file.suffix == ".onnx":
        session = onnxruntime.InferenceSession(file)
        wanted = [each.name for each in session.get_inputs()]
        given = dict(zip(wanted, inputs)) | named
        return [torch.from_numpy(each) for each in session.run(None, {name: given[name].numpy() for name in wanted})]
    found = torch.export.load(file).module()(*inputs, **named)
    return [found] if isinstance(found, torch.Tensor) else list(found)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def refusal(save: Callable[[], Any], folder: Path) -> str:
    before = names(folder)
    with pytest.raises(SepcostError) as caught:
        save()
    assert names(folder) == before
    said = str(caught.value).replace(f"{folder}/", "")
    assert "\n" not in said
    return said


def test_saved_weights_fit_the_model_that_is_replaced_again(tmp_path: Path) -> None:
    model, again, images = replaced(), replace_convolutions(small(), "separable:multiplier=2"), torch.randn(2, 3, 8, 8)
    save_weights(model, tmp_path / "w.safetensors")
    again.load_state_dict(load_file(tmp_path / "w.safetensors"), strict=True)
    assert torch.equal(again.eval()(images), model(images))
    assert names(tmp_path) == ["w.safetensors"]


def test_weights_that_share_memory_or_are_views_are_each_saved(tmp_path: Path) -> None:
    first, second, third = (nn.Linear(3, 3, bias=False) for _ in range(3))
    second.weight = first.weight
    third.weight = nn.Parameter(first.weight.detach().t())
    model = nn.Sequential(first, second, third, nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    save_weights(model, tmp_path / "w.safetensors")
    found = load_file(tmp_path / "w.safetensors")
    assert all(torch.equal(found[name], each) for name, each in model.state_dict().items())
    assert load_into(model, read_weights(str(tmp_path / "w.safetensors"))) == []


class Remembers(nn.Conv2d):
    def get_extra_state(self) -> Any:
        return {"seen": 3}


@pytest.mark.parametrize("model", [nn.Conv2d(3, 8, 3, device="meta"), nn.LazyConv2d(8, 3), Remembers(3, 8, 3)])
def test_what_is_no_tensor_with_values_is_not_saved(model: nn.Module, tmp_path: Path) -> None:
    said = refusal(lambda: save_weights(model, tmp_path / "w.safetensors"), tmp_path)
    assert said.startswith("the weights cannot be saved as .safetensors: ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_runs_any_batch_and_the_model_stays_as_it_is(kind: str, tmp_path: Path) -> None:
    model, images = replaced().train(), torch.randn(5, 3, 8, 8)
    before = {name: each.clone() for name, each in model.state_dict().items()}
    assert save_model(model, IMAGE, tmp_path / f"m{kind}") == []
    assert names(tmp_path) == [f"m{kind}"]
    assert model.training
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    for batch in (images, images[:1]):
        (found,) = run(tmp_path / f"m{kind}", batch)
        torch.testing.assert_close(found, model.eval()(batch))
    if kind == ".onnx":
        session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
        shapes = [each.shape for each in (*session.get_inputs(), *session.get_outputs())]
        assert shapes == [["batch", 3, 8, 8], ["batch", 10]]


class Named(nn.Module):
    """Two inputs by name, a setting, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor, *, scale: torch.Tensor, shift: torch.Tensor, twice: bool = False) -> Any:
        found = self.conv(x) * scale[:, None, None, None] + shift
        return (found + found if twice else found), found.argmax(1)


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_by_name_keep_their_names(kind: str, tmp_path: Path) -> None:
    model, file = Named().eval(), tmp_path / f"m{kind}"
    x, named = torch.randn(2, 3, 5, 5), {"shift": torch.randn(4, 1, 1), "scale": torch.randn(2)}
    assert save_model(model, OwnInputs("f", (x,), {**named, "twice": True}), file) == []
    options = {} if kind == ".onnx" else {"twice": True}
    for found, expected in zip(run(file, x, **named, **options), model(x, **named, twice=True), strict=True):  # type: ignore[arg-type]
        torch.testing.assert_close(found, expected)


class OnlyTwo(nn.Module):
    """Its code knows how many images there are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) != 2:
            raise ValueError("two\nimages")
        found: torch.Tensor = self.conv(x)
        return found


def test_a_model_of_one_batch_is_saved_for_that_and_it_is_said(tmp_path: Path) -> None:
    model, file, x = OnlyTwo(), tmp_path / "m.pt2", torch.randn(2, 3, 5, 5)
    (note,) = save_model(model, OwnInputs("f", (x,)), file)
    assert note.startswith(f"{file}: the file runs with a batch of this size only: ")
    torch.testing.assert_close(run(file, x), [model(x)])


class Random(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.rand_like(x)


class Fails(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise ValueError("not\nmy day")


OTHER = "ModelError: the file gives other outputs than the model: does it draw random numbers?"
MINE = 'ValueError: not my day (tests/tasks/test_saving.py:*: raise ValueError("not\\nmy day"))'
TORCHS = "RuntimeError: *Output size is too small"


@pytest.mark.parametrize(
    ("kind", "model", "reason"),
    [
        (".pt2", Random(), OTHER),
        (".pt2", Fails(), MINE),
        (".onnx", Fails(), MINE),
        (".onnx", nn.AvgPool2d(9), TORCHS),
    ],
)
def test_nothing_stays_of_what_is_not_right(kind: str, model: nn.Module, reason: str, tmp_path: Path) -> None:
    said = refusal(lambda: save_model(model, IMAGE, tmp_path / f"m{kind}"), tmp_path)
    before, _, after = reason.partition("*")
    assert said.startswith(f"the model cannot be saved as {kind}: {before}")
    assert said.endswith(after)


@pytest.mark.parametrize("name", ["m.pt", "m", "m.h5"])
def test_other_files_are_refused_by_name(name: str, tmp_path: Path) -> None:
    assert (
        refusal(lambda: save_model(small(), IMAGE, tmp_path / name), tmp_path) == f"{name}: must end in .pt2 or .onnx"
    )
    assert refusal(lambda: save_weights(small(), tmp_path / name), tmp_path) == f"{name}: must end in .safetensors"


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("w.safetensors", "safetensors", "safetensors"), ("m.onnx", "onnxscript", "export")]
)
def test_what_has_to_be_installed_is_said(
    name: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    save = save_weights if extra == "safetensors" else lambda model, path: save_model(model, IMAGE, path)
    said = refusal(lambda: save(small(), tmp_path / name), tmp_path)
    assert said == f"{name}: {module} is not installed: pip install 'sepcost[{extra}]'"


def test_a_file_that_cannot_be_run_here_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert save_model(small(), IMAGE, tmp_path / "m.onnx") == [
        f"{tmp_path / 'm.onnx'}: the file was not run: onnxruntime is not installed"
    ]


def test_a_model_too_large_for_a_file_of_onnx_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sepcost.pytorch.weights.writing.LARGEST", 1000)
    said = refusal(lambda: save_model(small(), IMAGE, tmp_path / "m.onnx"), tmp_path)
    assert said == "the model has more weights than an .onnx file holds: save it as .pt2"
