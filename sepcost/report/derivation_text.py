"""A derivation for a terminal, and for Markdown with its formulas as math."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len

from sepcost.derivation import Section, Step
from sepcost.report.markdown import escaped
from sepcost.report.text import harmless

TEX = {
    "·": r" \cdot ",
    "²": "^2",
    "³": "^3",
    "×": r"\times",
    "−": "-",
    "⌈": r"\lceil ",
    "⌉": r" \rceil",
    "⌊": r"\lfloor ",
    "⌋": r" \rfloor",
    "stride": r"\mathrm{stride}",
    "p_out": r"p_{\mathrm{out}}",
    ",": "{,}",
}

WORD = re.compile(r"[a-z][a-z_:=,0-9]{3,}")
"""The name of a replacement, or ``standard``, where a symbol would stand."""


def plain_derivation(title: str, sections: Sequence[Section], note: str) -> str:
    """Headings, and under each its steps with their equal signs below each other; then the note."""
    blocks = [harmless(title)]
    for section in sections:
        lines = [harmless(section.heading), *_aligned(section.steps)]
        if section.remark:
            lines += wrap(section.remark.replace("`", ""), 96, initial_indent="  ", subsequent_indent="  ")
        blocks.append("\n".join(lines))
    blocks.append(note)
    return "\n\n".join(blocks) + "\n"


def markdown_derivation(title: str, sections: Sequence[Section], note: str) -> str:
    """Headings, and under each a list of its steps as ``$…$``; then the note."""
    blocks = [f"### {escaped(title)}"]
    for section in sections:
        blocks.append(f"#### {escaped(section.heading)}")
        if section.steps:
            blocks.append("\n".join(map(_markdown_step, section.steps)))
        if section.remark:
            blocks.append(_markdown_remark(section.remark))
    blocks.append(escaped(note))
    return "\n\n".join(blocks) + "\n"


def _aligned(steps: Sequence[Step]) -> list[str]:
    columns = [[step.name for step in steps], [step.symbols for step in steps], [step.numbers for step in steps]]
    widths = [max(map(cell_len, column), default=0) for column in columns]
    return [
        f"  {_padded(step.name, widths[0])}  {_padded(step.symbols, widths[1])}"
        f" = {_padded(step.numbers, widths[2])} = {step.value}"
        for step in steps
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _markdown_step(step: Step) -> str:
    parts = " = ".join(map(_tex, (step.symbols, step.numbers, step.value)))
    return f"- {escaped(step.name)}: ${parts}$"


def _markdown_remark(remark: str) -> str:
    pieces = remark.split("`")
    return "".join(f"${_tex(piece)}$" if number % 2 else escaped(piece) for number, piece in enumerate(pieces))


def _tex(text: str) -> str:
    numerator, slash, denominator = text.partition(" / ")
    if slash and " / " not in denominator and not re.search(r"[⌊⌈(]", numerator):
        return rf"\frac{{{_tex(numerator)}}}{{{_tex(denominator.removeprefix('(').removesuffix(')'))}}}"
    if WORD.fullmatch(text):
        return "\\text{" + text.replace("_", "\\_") + "}"
    for plain, tex in TEX.items():
        text = text.replace(plain, tex)
    return re.sub(r" {2,}", " ", text).strip()
