"""The notes under a table: what is kept and why, what costs more, what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from sepcost.count.figure import BY_NAME, HEADLINES, MACS, PEAK
from sepcost.count.snapshot import NOT_KNOWN, Model, Snapshot
from sepcost.count.verification import STANDARD, Verification
from sepcost.graphs.weights import ASSUMED
from sepcost.layers import Other
from sepcost.layers.cost import MIXED, Convention
from sepcost.network.network import Widths
from sepcost.sheets.verification_text import verified_line
from sepcost.text.units import as_percent, in_bytes
from sepcost.text.wording import listed, named

NOTHING_TO_REPLACE = "No convolution: there is nothing to replace."
READ_ZEROS = "It reads values, and its inputs are zeros: --input file.py:function gives real ones"


def unread_notes(snapshot: Snapshot) -> Iterator[str]:
    """Layers that no layer reads: outputs, or a slip in ``from``."""
    if snapshot.unread:
        yield f"No layer reads {named(snapshot.unread)}: outputs, or forgotten?"


def kept_notes(snapshot: Snapshot) -> Iterator[str]:
    """Why layers are kept, reason by reason: first under every replacement, then under some."""
    if not snapshot.replaced:
        has_any = any(layer.is_convolution or layer.is_subtotal for layer in snapshot.layers)
        yield from [] if has_any else [NOTHING_TO_REPLACE]
        return
    kept: list[tuple[str, str | None, str | None]] = [(layer.name, None, layer.kept) for layer in snapshot.shown]
    kept += [
        (layer.name, text, replaced.kept)
        for layer in snapshot.shown
        for text, replaced in layer.replaced.items()
        if not layer.kept
    ]
    yield from kept_lines(kept, alone=len(snapshot.shown) == 1)


def kept_lines(kept: Iterable[tuple[str, str | None, str | None]], *, alone: bool = False) -> Iterator[str]:
    """What is kept, by what (None: by every replacement) and why, if it is; ``alone``: there is no other layer.

    >>> [*kept_lines([("a", None, "1×1"), ("b", "blueprint", "grouped"), ("c", None, None)])]
    ['Kept as they are: 1×1 (a).', 'Kept by blueprint: grouped (b).']
    """
    found: dict[str | None, dict[str, list[str]]] = {None: {}}
    for name, text, reason in kept:
        if reason:
            found.setdefault(text, {}).setdefault(reason, []).append(name)
    always = f"as {'it is' if alone else 'they are'}"
    for text, reasons in found.items():
        if reasons:
            yield f"Kept {always if text is None else f'by {text}'}: {_reasons(reasons, alone)}."


def kept_note(snapshots: Sequence[Snapshot]) -> Iterator[str]:
    """Why some of several convolutions have no replacement."""
    totals = (replaced for snapshot in snapshots for replaced in snapshot.replaced.values())
    reasons = sorted({replaced.kept for replaced in totals if replaced.kept})
    if reasons:
        yield f"Kept as they are: {', '.join(reasons)}."


def chosen_note(snapshot: Snapshot, sort: str | None, only: object = None) -> Iterator[str]:
    """How many of a network's layers are shown, if not all are: ``only`` those that a filter keeps."""
    shown, there_are = len(snapshot.shown), len(snapshot.layers)
    if shown < there_are:
        by = f", with {only}" * bool(only) + f", by {sort}" * bool(sort)
        yield f"{shown:,} of {there_are:,} layers{by}; the total is that of all."


def _reasons(names_by_reason: Mapping[str, Sequence[str]], alone: bool) -> str:
    return "; ".join(
        reason if alone else f"{reason} ({named(names_by_reason[reason])})" for reason in sorted(names_by_reason)
    )


def cost_notes(snapshot: Snapshot) -> Iterator[str]:
    """What costs more than before, and what is counted."""
    bad: dict[str, list[str]] = {}
    what = "params" if snapshot.only_params else MACS
    for layer in snapshot.shown:
        for text, replaced in layer.replaced.items():
            if replaced.costs_more:
                bad.setdefault(f"{text} costs more {what} than the standard", []).append(layer.name)
            if replaced.is_slower:
                bad.setdefault(f"{text} is predicted to be slower", []).append(layer.name)
    for line, names in bad.items():
        where = "" if len(snapshot.shown) == 1 else f" in {named(names)}"
        yield f"! {line}{where}."
    if not snapshot.only_params:
        yield flops_note(snapshot.convention)
    yield from _reduction_notes(snapshot)
    yield from verified_note(snapshot.verified)


def peak_notes(snapshot: Snapshot) -> Iterator[str]:
    """Where the peaks are, and what is in them; or why there is none."""
    if snapshot.total[PEAK] is None:
        yield f"No {BY_NAME[PEAK].header}: {snapshot.no_peak or NOT_KNOWN}."
        return
    places: dict[str, list[str]] = {}
    peaks = ((text, replaced.peak) for text, replaced in snapshot.replaced.items())
    for text, place in ((STANDARD, snapshot.peak), *peaks):
        if place:  # costs from earlier may not say where it is
            places.setdefault(peak_line(place), []).append(text)
    for line, texts in places.items():
        of = "" if len(places) == 1 else f" of {listed(texts)}"
        yield f"Peak{of} at {line}."


def peak_line(place: Mapping[str, Any]) -> str:
    """A peak in words.

    >>> peak_line({"at": "conv2", "read_bytes": 18432, "written_bytes": 36864, "held_bytes": 1024})
    'conv2: 18.00 KiB in + 36.00 KiB out + 1.000 KiB held'
    """
    words = {"in": place["read_bytes"], "out": place["written_bytes"], "held": place["held_bytes"]}
    parts = [f"{in_bytes(many)} {word}" for word, many in words.items() if many or word == "in"]
    return f"{place['at']}: {' + '.join(parts)}"


def verified_note(*verifications: Verification | None) -> Iterator[str]:
    """What a witness confirmed, for all of them together."""
    known = [verification for verification in verifications if verification is not None]
    if known:
        yield verified_line(reduce(add, known))


def model_notes(snapshot: Snapshot) -> Iterator[str]:
    """For a model that ran: the share of its convolutions, and what is not counted."""
    if snapshot.model is None:
        return
    convs = [layer.figures for layer in snapshot.layers if layer.is_convolution]
    shares = [
        f"{as_percent(100 * sum(figures[name] for figures in convs) / total)} of the {BY_NAME[name].header}"
        for name in reversed(HEADLINES)
        if (total := snapshot.total[name])
    ]
    if shares and convs:
        yield f"Convolutions have {' and '.join(shares)}."
    if snapshot.model.unconfirmed:
        yield f"Torch's own counter has nothing of quantised layers: {named(snapshot.model.unconfirmed)}."
    yield from caveats(snapshot)


def caveats(*snapshots: Snapshot) -> Iterator[str]:
    """Doubts about the figures of models, each once; with the network's name if there are several."""
    several = len({snapshot.name for snapshot in snapshots}) > 1
    lines = ((snapshot, line) for snapshot in snapshots for line in caveat_lines(snapshot.model))
    for line in dict.fromkeys(f"{snapshot.name}: {line}" if several else line for snapshot, line in lines):
        yield f"! {line}."


def caveat_lines(model: Model | None) -> Iterator[str]:
    """What is not counted, and whether the model read values that are zeros."""
    if model and model.uncounted:
        yield uncounted_line(model.uncounted)
    if model and model.read_zeros:
        yield READ_ZEROS


def input_notes(*snapshots: Snapshot) -> Iterator[str]:
    """The inputs of a model, if no title names them."""
    known = [(each.name, each.model.inputs) for each in snapshots if each.model and each.model.inputs is not None]
    yield from dict.fromkeys(f"{name} is counted on inputs of {inputs}." for name, inputs in known)


def uncounted_line(uncounted: Mapping[str, int]) -> str:
    """The operators of a model that are not counted, and how often each runs."""
    operators = [f"{what} ({many}×)" if many > 1 else what for what, many in uncounted.items()]
    return f"Not counted, as its cost is not known: {named(operators)}"


def remainder_notes(snapshot: Snapshot) -> Iterator[str]:
    """Whose parameters the remainder is."""
    for layer in snapshot.layers:
        operator = layer.facts.get("operator", "")
        if layer.facts["type"] == Other.type and operator.startswith("params of "):
            yield f"The {layer.name} is {operator}."


def weights_notes(snapshot: Snapshot) -> Iterator[str]:
    """What is assumed of kernels of which only weights are known."""
    if snapshot.only_params and any(layer.is_convolution for layer in snapshot.layers):
        yield f"{ASSUMED[0].upper()}{ASSUMED[1:]}."


def flops_note(convention: Convention) -> str:
    """What FLOPs are here, and elsewhere."""
    once, twice = "the MobileNet paper and fvcore", "PyTorch and data sheets"
    if convention.flops_per_mac == 1:
        return f"FLOPs = MACs, as in {once}; {twice} count 2×MACs (--flops-per-mac 2)."
    return f"FLOPs = 2×MACs, as in {twice}; {once} count MACs (--flops-per-mac 1)."


def derivation_notes(snapshot: Snapshot, widths: Widths) -> list[str]:
    """What is counted, and the letters of bytes (``widths`` are those of the layer) and of the batch."""
    convention = snapshot.convention
    size = widths.element
    element = f"b = {size} byte{'s' if size != 1 else ''} an element" if size is not None else _each_width(widths)
    samples = f", N = {convention.batch:,} samples" if convention.batch > 1 else ""
    return [flops_note(convention), f"{memory_line(snapshot)}: {element}{samples}."]


def _each_width(widths: Widths) -> str:
    """The bytes of an element of each of a layer's tensors."""
    return f"{widths.input} bytes an element of the input, {widths.output} of the output, {widths.weights} of weights"


def _reduction_notes(snapshot: Snapshot) -> Iterator[str]:
    batch = snapshot.convention.batch
    replaced = any(each.parts for layer in snapshot.shown for each in layer.replaced.values())
    of_batch = "" if batch == 1 or snapshot.per else f", for a batch of {batch} (counts are per sample)"
    about_memory = f"{memory_line(snapshot)}{of_batch}."
    yield f"Reduction = standard ÷ replacement. {about_memory}" if replaced else about_memory


def memory_line(snapshot: Snapshot) -> str:
    """The dtype of memory, and whether that is the model's own."""
    dtype, own = snapshot.convention.dtype, snapshot.model.dtype if snapshot.model else None
    instead = f", not in the model's own {'dtypes' if own == MIXED else own}" if own not in (None, dtype) else ""
    return f"Memory is in {dtype_text(dtype)}{instead}"


def dtype_text(dtype: str) -> str:
    """The dtype of memory, in a sentence.

    >>> dtype_text("weights=int4,activations=int8")
    'int4 for weights and int8 for activations'
    """
    if dtype == MIXED:
        return "the model's own dtypes"
    return listed([" for ".join(reversed(each.split("="))) for each in dtype.split(",")])
