"""Saving: weights and models as files, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from glob import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sepcost.blocks.plan import in_groups
from sepcost.blocks.replacements import reason_to_keep
from sepcost.count.comparison import Comparison
from sepcost.errors import SepcostError
from sepcost.formats.documents.plan_yaml import plan_text
from sepcost.layers import Conv
from sepcost.measured.fits import LAYER, Fits, Fitted
from sepcost.network.selection import names_of_modules
from sepcost.tasks.files import refuse_unwritable, resolved, whole, write_whole
from sepcost.text.model_text import CONFIG_SUFFIXES
from sepcost.text.wording import listed

if TYPE_CHECKING:
    from torch import nn

    from sepcost.pytorch.models.inputs import Inputs
    from sepcost.tasks.fit import Outcome

NOTHING = "no layer is replaced, and a plan replaces some"
WEIGHTS: Mapping[str, str | None] = {".safetensors": "safetensors"}
PLANS: Mapping[str, str | None] = dict.fromkeys(CONFIG_SUFFIXES)
MODELS: Mapping[str, str | None] = {".pt2": None, ".onnx": "onnxscript"}
"""How the names of files end, and what torch needs to write them."""
EXTRAS = {"safetensors": "safetensors", "onnxscript": "export"}


def save_weights(model: nn.Module, path: Path) -> None:
    """Save a model's weights as ``.safetensors``. Raises SepcostError."""
    from sepcost.pytorch.weights.writing import write_weights

    refuse_to_save(path, WEIGHTS)
    with whole(resolved(path), str(path)) as file:
        write_weights(model, file)


def save_model(model: nn.Module, inputs: Inputs, path: Path) -> list[str]:
    """Save a model as ``.pt2`` or ``.onnx``, which run without its code; what is to be said of that.

    The file has run on these inputs, and gave what the model gives: within 1e-4 of the largest output. Raises
    SepcostError.
    """
    from sepcost.pytorch.weights.writing import write_model

    refuse_to_save(path, MODELS)
    with whole(resolved(path), str(path)) as file:
        return [f"{path}: {note}" for note in write_model(model, inputs, file)]


def refuse_to_save_any(*, plan: Path | None = None, weights: Path | None = None, model: Path | None = None) -> None:
    """A SepcostError where something of an outcome cannot be saved so: before it is computed."""
    if plan is not None:
        refuse_to_save(plan, PLANS)
    if weights is not None:
        refuse_to_save(weights, WEIGHTS)
    if model is not None:
        refuse_to_save(model, MODELS)


def save_outcome(
    outcome: Outcome, *, plan: Path | None = None, weights: Path | None = None, model: Path | None = None
) -> Fits:
    """Save what is asked for; what was found, with what was written. Raises SepcostError."""
    fits, notes, written = outcome.fits, [*outcome.fits.notes], {}
    if outcome.small is not None and model is not None:
        notes += save_model(outcome.small, outcome.inputs, model)
        written["model"] = str(model)
    if outcome.small is not None and weights is not None:
        save_weights(outcome.small, weights)
        written["weights"] = str(weights)
    if plan is not None:
        chosen = {
            escape(row.layer): row.replacement for row in fits.rows if row.about == LAYER and _is_replaced(row, fits)
        }
        if not chosen:
            raise SepcostError(f"--save-plan {plan}: {NOTHING}")
        comment = f"{fits.chosen.limit}: {fits.weights}" if fits.chosen else fits.weights
        write_whole([plan_text(chosen, [comment])], resolved(plan), str(plan))
        written["plan"] = str(plan)
    return fits._replace(written=written, notes=notes)


def write_plan(comparison: Comparison | None, path: Path) -> None:
    """Save what the only replacement of a network does with its layers, as a plan. Raises SepcostError."""
    refuse_to_save(path, PLANS)
    if comparison is None:
        raise SepcostError(f"--save-plan {path}: a plan is of one network: give its config, or its model")
    if len(comparison.replacements) != 1:
        raise SepcostError(f"--save-plan {path}: a plan is of one replacement: give one -r")
    chosen = plan_of(comparison)
    if not chosen:
        raise SepcostError(f"--save-plan {path}: {NOTHING}")
    try:
        text = plan_text(chosen, [comparison.name])
    except SepcostError as error:
        raise SepcostError(f"--save-plan {path}: {error}") from None
    write_whole([text], resolved(path), str(path))


def plan_of(comparison: Comparison) -> dict[str, str]:
    """What the only replacement does with the layers, in globs; layers that none could replace may match any of them.

    >>> from sepcost import compare, load
    >>> plan_of(compare(load("configs/mobilenet_v1.yaml"), {"block.?": "blueprint", "conv9": "separable"}))
    {'block.*': 'blueprint', 'conv9': 'separable'}
    """
    (replacement,) = comparison.replacements
    chosen: dict[str, str | None] = {}
    for layer in comparison.layers:
        if isinstance(layer.layer, Conv) and reason_to_keep(layer.layer) is None:
            variant = layer.variants[replacement.text]
            chosen[layer.name] = (variant.replaced_by or replacement.text) if variant.parts else None
    again = {escape(name) for name, names in names_of_modules(comparison.network).items() if name != names[0]}
    return {glob: text for glob, text in in_groups(chosen).items() if glob not in again}


def _is_replaced(row: Fitted, fits: Fits) -> bool:
    return row.chosen if fits.chosen else row.kept is None


def refuse_to_save(path: Path, kinds: Mapping[str, str | None]) -> None:
    """A SepcostError where a path is none of these kinds of files, or cannot be written: known before any work."""
    suffix = path.suffix.lower()
    if suffix not in kinds:
        raise SepcostError(f"{path}: must end in {listed([*kinds], 'or')}")
    needed = kinds[suffix]
    if needed and find_spec(needed) is None:
        raise SepcostError(f"{path}: {needed} is not installed: pip install 'sepcost[{EXTRAS[needed]}]'")
    refuse_unwritable(resolved(path), str(path))
