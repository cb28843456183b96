"""Recount: a model whose convolutions are really replaced, run under torch's counter."""

from __future__ import annotations

from dataclasses import replace
from glob import escape

from torch import nn

from sepcost.blocks.plan import Plan
from sepcost.blocks.replacements import Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.verification import Mismatch
from sepcost.errors import ModelError, SepcostError
from sepcost.layers import Conv
from sepcost.network.selection import names_of_modules
from sepcost.pytorch.models.inputs import Inputs
from sepcost.pytorch.replacing.replacing import Replaced, copy_with_parts, replacement_plan
from sepcost.pytorch.running.running import trace_model
from sepcost.text.model_text import Device


def recounted(model: nn.Module, comparison: Comparison, inputs: Inputs, device: Device) -> list[Mismatch]:
    """The counts of torch in the replaced models that differ from the prediction.

    For each replacement, a copy of the model gets the replaced convolutions of the comparison and runs once. Its
    parameters and MACs are set against the comparison's total.
    """
    found: list[Mismatch] = []
    for replacement in comparison.replacements:
        if not any(layer.variants[replacement.text].parts for layer in comparison.layers):
            continue  # it is the model as it is
        total = comparison.totals[replacement.text].cost
        try:
            small = really_replaced(model, comparison, replacement)
            traced = trace_model(small, inputs, name=comparison.name, device=device)
        except SepcostError as error:
            reason = str(error).removeprefix(f"{comparison.name}: ")
            subject = "the replaced model " if isinstance(error, ModelError) else ""
            refusal = f"cannot count them, since {subject}{reason} (--exclude keeps a layer as it is)"
            found.append(Mismatch(None, replacement.text, None, "macs", total.macs, refusal))
            continue
        for field, ours, theirs in (("params", total.params, traced.params), ("macs", total.macs, traced.macs)):
            if ours != theirs:
                found.append(Mismatch(None, replacement.text, None, field, ours, theirs))
    return found


def really_replaced(model: nn.Module, comparison: Comparison, replacement: Replacement) -> nn.Module:
    """A copy of the model with the convolutions replaced that the comparison has replaced. Raises SepcostError."""
    return replaced_as_compared(model, comparison, replacement).model


def replaced_as_compared(model: nn.Module, comparison: Comparison, replacement: Replacement) -> Replaced:
    """The same copy, with its parts."""
    wanted = {layer.name for layer in comparison.layers if layer.variants[replacement.text].parts}
    modules = list(replacement_plan(model))
    if isinstance(replacement, Plan):
        names = names_of_modules(comparison.network)
        chosen = ((escape(name), replacement.of_layer(names.get(name or Conv.type, ()))) for name in modules)
        replacement = replace(replacement, choices=tuple(chosen))
    exclude = [escape(name) for name in modules if (name or Conv.type) not in wanted]
    return copy_with_parts(model, replacement, exclude=exclude)
