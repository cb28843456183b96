"""The notes under a table: what is kept and why, what costs more, what is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from sepcost.count.comparison import Comparison
from sepcost.count.figures import peak_place
from sepcost.count.verification import Verification
from sepcost.layers import Conv, Other
from sepcost.layers.cost import MIXED, Convention
from sepcost.network.liveness import why_no_peak
from sepcost.network.network import Network, Widths
from sepcost.sheets.verification_text import verified_line
from sepcost.text.units import as_percent, in_bytes
from sepcost.text.wording import listed, named

NOTHING_TO_REPLACE = "No convolution: there is nothing to replace."
READ_ZEROS = "It reads values, and its inputs are zeros: --input file.py:function gives real ones"


def unread_notes(comparison: Comparison) -> Iterator[str]:
    """Layers that no layer reads: outputs, or a slip in ``from``."""
    network = comparison.network
    read = {source for node in network for source in (*node.sources, *node.add)}
    unread = [node.name for number, node in enumerate(network) if number not in read][:-1]
    if unread and not network.independent:
        yield f"No layer reads {named(unread)}: outputs, or forgotten?"


def kept_notes(comparison: Comparison) -> Iterator[str]:
    """Why layers are kept, reason by reason: first under every replacement, then under some."""
    if not comparison.totals:
        yield from [] if comparison.network.has_convolutions else [NOTHING_TO_REPLACE]
        return
    always: dict[str, list[str]] = {}
    sometimes: dict[str, dict[str, list[str]]] = {}
    for layer in comparison.layers:
        if layer.kept:
            always.setdefault(layer.kept, []).append(layer.name)
            continue
        for text, variant in layer.variants.items():
            if variant.kept:
                sometimes.setdefault(text, {}).setdefault(variant.kept, []).append(layer.name)
    alone = len(comparison.layers) == 1
    if always:
        yield f"Kept as {'it is' if alone else 'they are'}: {_reasons(always, alone)}."
    for text, reasons in sometimes.items():
        yield f"Kept by {text}: {_reasons(reasons, alone)}."


def kept_note(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Why some of several convolutions have no replacement."""
    totals = (total for comparison in comparisons for total in comparison.totals.values())
    reasons = sorted({total.kept for total in totals if total.kept})
    if reasons:
        yield f"Kept as they are: {', '.join(reasons)}."


def chosen_note(comparison: Comparison, sort: str | None) -> Iterator[str]:
    """How many of a network's layers are shown, if not all are."""
    shown, there_are = len(comparison.layers), len(comparison.network)
    if shown < there_are:
        by = f", by {sort}" if sort else ""
        yield f"{shown:,} of {there_are:,} layers{by}; the total is that of all."


def _reasons(names_by_reason: Mapping[str, Sequence[str]], alone: bool) -> str:
    return "; ".join(
        reason if alone else f"{reason} ({named(names_by_reason[reason])})" for reason in sorted(names_by_reason)
    )


def cost_notes(comparison: Comparison) -> Iterator[str]:
    """What costs more than before, and what is counted."""
    convention = comparison.convention
    costlier: dict[str, list[str]] = {}
    for name, text in comparison.costlier:
        costlier.setdefault(text, []).append(name)
    for text, names in costlier.items():
        where = "" if len(comparison.layers) == 1 else f" in {named(names)}"
        yield f"! {text} costs more MACs than the standard{where}."
    yield flops_note(convention)
    yield from _reduction_notes(comparison)
    yield from verified_note(comparison.verified)


def peak_notes(comparison: Comparison) -> Iterator[str]:
    """Where the peaks are, and what is in them; or why there is none."""
    if comparison.standard.peak is None:
        yield f"No peak activations: {why_no_peak(comparison.network)}."
        return
    places: dict[str, list[str]] = {}
    for text, total in (("standard", comparison.standard), *comparison.totals.items()):
        if place := peak_place(total, comparison.convention):
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
    told = [f"{in_bytes(many)} {word}" for word, many in words.items() if many or word == "in"]
    return f"{place['at']}: {' + '.join(told)}"


def verified_note(*verifications: Verification | None) -> Iterator[str]:
    """What a witness confirmed, for all of them together."""
    known = [verification for verification in verifications if verification is not None]
    if known:
        yield verified_line(reduce(add, known))


def model_notes(comparison: Comparison) -> Iterator[str]:
    """For a model that ran: the share of its convolutions, and what is not counted."""
    uncounted = comparison.network.uncounted
    if uncounted is None:
        return
    convs = [node.cost for node in comparison.network if isinstance(node.layer, Conv)]
    total = comparison.standard.cost
    shares = [
        f"{as_percent(100 * sum(getattr(cost, figure) for cost in convs) / getattr(total, figure))} of the {name}"
        for figure, name in (("macs", "MACs"), ("params", "params"))
        if getattr(total, figure)
    ]
    if shares and convs:
        yield f"Convolutions have {' and '.join(shares)}."
    if comparison.network.unconfirmed:
        yield f"Torch's own counter has nothing of quantised layers: {named(comparison.network.unconfirmed)}."
    yield from caveats(comparison.network)


def caveats(*networks: Network | None) -> Iterator[str]:
    """Doubts about the figures of models, each once; with the network's name if there are several."""
    known = [network for network in networks if network is not None]
    several = len({network.name for network in known}) > 1
    lines = [f"{network.name}: {line}" if several else line for network in known for line in caveat_lines(network)]
    for line in dict.fromkeys(lines):
        yield f"! {line}."


def caveat_lines(network: Network) -> Iterator[str]:
    """What is not counted, and whether the model read values that are zeros."""
    if network.uncounted:
        yield uncounted_line(network)
    if network.read_zeros:
        yield READ_ZEROS


def input_notes(*networks: Network | None) -> Iterator[str]:
    """The inputs of a model, if no title names them."""
    known = [network for network in networks if network is not None and network.inputs is not None]
    yield from dict.fromkeys(f"{network.name} is counted on inputs of {network.inputs}." for network in known)


def uncounted_line(network: Network) -> str:
    """The operators of a model that are not counted, and how often each runs."""
    told = [f"{what} ({many}×)" if many > 1 else what for what, many in (network.uncounted or {}).items()]
    return f"Not counted, as torch's counter counts it as nothing: {named(told)}"


def remainder_notes(comparison: Comparison) -> Iterator[str]:
    """Whose parameters the remainder is."""
    for node in comparison.network:
        if isinstance(node.layer, Other) and node.layer.operator.startswith("params of "):
            yield f"The {node.name} is {node.layer.operator}."


def flops_note(convention: Convention) -> str:
    """What FLOPs are here, and elsewhere."""
    if convention.flops_per_mac == 1:
        return "FLOPs = MACs, as in the articles and fvcore; PyTorch and data sheets count 2×MACs (--flops-per-mac 2)."
    return "FLOPs = 2×MACs, as in PyTorch and data sheets; the articles and fvcore count MACs (--flops-per-mac 1)."


def derivation_notes(comparison: Comparison) -> list[str]:
    """What is counted, and the letters of bytes and of the batch."""
    convention = comparison.convention
    widths = comparison.layers[0].node.widths_under(convention)
    size = widths.element
    element = f"b = {size} byte{'s' if size != 1 else ''} an element" if size is not None else _each_width(widths)
    samples = f", N = {convention.batch:,} samples" if convention.batch > 1 else ""
    return [flops_note(convention), f"{memory_line(comparison)}: {element}{samples}."]


def _each_width(widths: Widths) -> str:
    """The bytes of an element of each of a layer's tensors."""
    return f"{widths.input} bytes an element of the input, {widths.output} of the output, {widths.weights} of weights"


def _reduction_notes(comparison: Comparison) -> Iterator[str]:
    convention = comparison.convention
    replaced = any(variant.parts for layer in comparison.layers for variant in layer.variants.values())
    batch = "" if convention.batch == 1 else f", for a batch of {convention.batch} (counts are per sample)"
    about_memory = f"{memory_line(comparison)}{'' if comparison.network.per_position else batch}."
    yield f"Reduction = standard ÷ replacement. {about_memory}" if replaced else about_memory


def memory_line(comparison: Comparison) -> str:
    """The dtype of memory, and whether that is the model's own."""
    dtype, own = comparison.convention.dtype, comparison.network.dtype
    instead = f", not in the model's own {'dtypes' if own == MIXED else own}" if own not in (None, dtype) else ""
    return f"Memory is in {dtype_text(dtype)}{instead}"


def dtype_text(dtype: str) -> str:
    """The dtype of memory, in a sentence."""
    return "the model's own dtypes" if dtype == MIXED else dtype
