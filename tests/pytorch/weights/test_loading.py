"""A state dict goes into a model as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.pytorch.weights.loading import load_into
from sepcost.pytorch.weights.reading import read_weights
from tests.cases.models import small


def trained() -> nn.Module:
    torch.manual_seed(1)
    return small()


def load(model: nn.Module, contents: Any, folder: Path, key: str = "") -> list[str]:
    torch.save(contents, folder / "w.pt")
    return load_into(model, read_weights(f"{folder / 'w.pt'}{key}"))


def refusal(model: nn.Module, contents: Any, folder: Path, key: str = "") -> str:
    before = deepcopy(model.state_dict())
    with pytest.raises(ModelError) as caught:
        load(model, contents, folder, key)
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    said = str(caught.value)
    assert "\n" not in said
    return said.replace(f"{folder}/", "")


def under(prefix: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": each for name, each in state.items()}


def test_a_model_gets_the_weights_of_the_file(tmp_path: Path) -> None:
    model, images = small().eval(), torch.randn(2, 3, 8, 8)
    assert load(model, trained().state_dict(), tmp_path) == []
    assert torch.equal(model(images), trained().eval()(images))


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = small()


@pytest.mark.parametrize(
    ("model", "prefix", "note"),
    [
        (small, "module.", 'without the prefix "module."'),
        (small, "net.encoder.", 'without the prefix "net.encoder."'),
        (Wrapped, "module.model.", 'without the prefix "module."'),
        (Wrapped, "model.", None),
    ],
)
def test_a_prefix_is_taken_off_where_the_model_needs_that(
    model: Any, prefix: str, note: str | None, tmp_path: Path
) -> None:
    loaded = model()
    said = load(loaded, under(prefix, trained().state_dict()), tmp_path)
    assert said == ([f"weights: read {note}"] if note else [])
    state = loaded.state_dict()
    assert torch.equal(state["model.0.weight" if model is Wrapped else "0.weight"], trained().state_dict()["0.weight"])


def test_a_compiled_model_has_its_weights_under_other_names(tmp_path: Path) -> None:
    model = nn.Sequential(cast(nn.Module, torch.compile(small(), backend="eager")))
    load(model, under("0.", trained().state_dict()), tmp_path)
    assert torch.equal(model.state_dict()["0._orig_mod.0.weight"], trained().state_dict()["0.weight"])


def test_what_does_not_fit_is_one_line_and_nothing_is_loaded(tmp_path: Path) -> None:
    state = trained().state_dict()
    lacking = {name: each for name, each in state.items() if not name.startswith("6")}
    assert refusal(small(), lacking, tmp_path) == (
        "w.pt: does not fit the model: it lacks 2 tensors (6.weight, 6.bias)"
    )
    more = under("backbone.", state) | {"head.weight": torch.ones(2, 3)}
    beside = refusal(small(), more, tmp_path)
    names = "(backbone.0.weight, backbone.0.bias, backbone.1.weight and 16 more)"
    assert beside.endswith(f"the model has not 19 tensors {names}; w.pt:backbone fits")
    assert load(small(), more, tmp_path, ":backbone") == []
    nested = refusal(small(), {"ema": more}, tmp_path)
    assert nested.endswith("; w.pt:ema.backbone fits")
    assert load(small(), {"ema": more}, tmp_path, ":ema.backbone") == []
    assert refusal(small(), {"w.weight": torch.ones(2, 3)}, tmp_path).endswith(
        "; no name is the same: is it of another model?"
    )
    wider = state | {"3.weight": torch.ones(64, 16, 3, 3), "3.bias": torch.ones(64)}
    assert refusal(small(), wider, tmp_path) == (
        "w.pt: does not fit the model: 2 tensors of other shapes: "
        "3.weight has (64, 16, 3, 3), the model's has (32, 16, 3, 3)"
    )


def test_quantized_weights_are_no_weights_of_a_model_in_floating_point(tmp_path: Path) -> None:
    state = trained().state_dict() | {"3.weight": torch.ones(32, 16, 3, 3, dtype=torch.int8)}
    assert refusal(small(), state, tmp_path) == "w.pt: 3.weight is int8, and the model's is float32"


def test_a_model_without_memory_takes_no_weights(tmp_path: Path) -> None:
    torch.save(trained().state_dict(), tmp_path / "w.pt")
    with pytest.raises(ModelError, match="weight of the model is on the meta device, without memory"):
        load_into(small().to("meta"), read_weights(str(tmp_path / "w.pt")))


def test_batch_norms_of_older_files_do_not_count_batches(tmp_path: Path) -> None:
    state = {name: each for name, each in trained().state_dict().items() if "num_batches" not in name}
    assert load(small(), state, tmp_path) == []


def test_the_dtype_of_the_model_stays_and_rounding_is_said(tmp_path: Path) -> None:
    model = small().half()
    assert load(model, trained().state_dict(), tmp_path) == ["weights: float32 is rounded to the model's float16"]
    assert torch.equal(model.state_dict()["0.weight"], trained().state_dict()["0.weight"].half())
    assert load(small(), trained().half().state_dict(), tmp_path) == []


def test_a_weight_that_a_model_has_twice_may_be_in_the_file_once(tmp_path: Path) -> None:
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    model = nn.Sequential(first, second)
    state = {name: each.clone() for name, each in model.state_dict().items()}
    second.weight = first.weight
    del state["1.weight"]
    state["0.weight"] = torch.ones(3, 3)
    assert load(model, state, tmp_path) == []
    assert torch.equal(second.weight, torch.ones(3, 3))


def test_a_lazy_model_takes_its_shapes_from_the_file(tmp_path: Path) -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3))
    assert load(model, nn.Sequential(nn.Conv2d(3, 8, 3)).state_dict(), tmp_path) == []
    assert model[0].weight.shape == (8, 3, 3, 3)


class Refuses(nn.Conv2d):
    def _load_from_state_dict(self, *arguments: Any, **options: Any) -> None:
        raise ValueError("not\nthese")


def test_what_the_models_own_code_raises_is_one_line(tmp_path: Path) -> None:
    said = refusal(Refuses(3, 8, 3), nn.Conv2d(3, 8, 3).state_dict(), tmp_path)
    assert said.startswith("w.pt: cannot be loaded: ValueError: not these (")
