"""A verification in words, and as the JSON of docs/json.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sepcost.count.figure import BY_NAME, HEADLINES
from sepcost.count.verification import Found, Mismatch, Unverified, Verification
from sepcost.text.arguments import times
from sepcost.text.units import exact
from sepcost.text.wording import counted

FIELD_WORDS = {**{name: BY_NAME[name].header for name in HEADLINES}, "input": "input shape", "output": "output shape"}


def verified_line(verification: Verification) -> str:
    """A verification in one line.

    >>> verified_line(Verification("2.13.0", layers=16, variants=13, checked=159))
    'Verified with torch 2.13.0: 16 layers, 13 replaced layers, 159 counts.'
    """
    if not verification.checked:
        return f"Nothing could be verified with torch {verification.witness}."
    confirmed = [
        counted(verification.layers, "layer"),
        *([counted(verification.variants, "replaced layer")] if verification.variants else []),
        counted(verification.checked - len(verification.mismatches), "count"),
    ]
    line = f"Verified with torch {verification.witness}: {', '.join(confirmed)}."
    if verification.mismatches:
        many = counted(len(verification.mismatches), "count")
        disagree = "disagrees" if len(verification.mismatches) == 1 else "disagree"
        line = f"! {many} {disagree} with torch {verification.witness}. {line}"
    if verification.unverified:
        line += f" Not verified: {counted(len(verification.unverified), 'layer or part', 'layers or parts')}."
    return line


def problem_lines(verification: Verification) -> Iterator[str]:
    """A line for each count that the witness does not confirm, and for each layer or part that it cannot count."""
    for mismatch in verification.mismatches:
        yield mismatch_line(mismatch, verification.witness)
    yield from map(unverified_line, verification.unverified)


def mismatch_line(mismatch: Mismatch, witness: str) -> str:
    """A count that the witness does not confirm.

    >>> mismatch_line(Mismatch("conv2", "separable", "depthwise", "macs", 3_612_672, 3_612_673), "2.13.0")
    'conv2: separable: depthwise: MACs are 3,612,672, but torch 2.13.0 has 3,612,673'
    """
    verb = "are" if mismatch.field in HEADLINES else "is"
    theirs = f"{'' if isinstance(mismatch.theirs, str) else 'has '}{found_text(mismatch.theirs)}"
    ours = f"{FIELD_WORDS[mismatch.field]} {verb} {found_text(mismatch.ours)}"
    return f"{place_text(mismatch)}: {ours}, but torch {witness} {theirs}"


def unverified_line(unverified: Unverified) -> str:
    """What the witness cannot count, and why."""
    return f"{place_text(unverified)}: not verified: {unverified.reason}"


def place_text(item: Mismatch | Unverified) -> str:
    """Layer, variant and part, if there are any."""
    return ": ".join(part for part in (item.layer or "the whole network", item.variant, item.part) if part)


def found_text(found: Found) -> str:
    """A count with every digit, a shape, or the witness's words."""
    if isinstance(found, tuple):
        return times(found)
    return exact(found) if isinstance(found, int) else str(found)


def verification_fields(verification: Verification) -> dict[str, Any]:
    """The field ``verified`` of a network."""
    return {
        "torch": verification.witness,
        "checked": verification.checked,
        "mismatches": [
            {
                "layer": mismatch.layer,
                "variant": mismatch.variant,
                "part": mismatch.part,
                "field": mismatch.field,
                "sepcost": mismatch.ours,
                "torch": mismatch.theirs,
            }
            for mismatch in verification.mismatches
        ],
        "unverified": [item._asdict() for item in verification.unverified],
    }
