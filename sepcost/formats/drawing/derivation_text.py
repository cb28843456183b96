"""A derivation for a terminal, for Markdown with its formulas as math, and for the slides of a lecture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap

from rich.cells import cell_len

from sepcost.derive.algebra import Expression, Sum
from sepcost.derive.derivation import Section
from sepcost.derive.formulas import DerivationStep
from sepcost.formats.drawing.markdown_text import escaped
from sepcost.formats.drawing.notation import plain_numbers, plain_symbols, tex_numbers, tex_symbols, tex_value
from sepcost.formats.drawing.tex import HINT, tex
from sepcost.text.harmless import harmless

NEEDS = r"% needs \usepackage{amsmath}"
TEXT_WIDTH = 66
"""The lines of LaTeX's ``article``, in digits; those of slides are not shorter."""
LINE_BREAK = "\\\\\n"
LETTER = re.compile("[A-Z]'")


def plain_derivation(title: str, sections: Sequence[Section], notes: Sequence[str]) -> str:
    """Headings, and under each its steps with their equal signs below each other; then the notes."""
    blocks = [harmless(title)]
    for section in sections:
        lines = [harmless(section.heading), *_aligned(section.steps)]
        remark = _sentences(section, plain_symbols, harmless)
        lines += wrap(remark, 96, initial_indent="  ", subsequent_indent="  ")
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, "\n".join(notes)]) + "\n"


def markdown_derivation(title: str, sections: Sequence[Section], notes: Sequence[str]) -> str:
    """Headings, and under each a list of its steps as ``$…$``; then the notes."""
    blocks = [f"### {escaped(title)}"]
    for section in sections:
        blocks.append(f"#### {escaped(section.heading)}")
        if section.steps:
            blocks.append("\n".join(map(_markdown_step, section.steps)))
        blocks.append(_sentences(section, _as_math, escaped))
    return "\n\n".join(filter(None, [*blocks, *map(escaped, notes)])) + "\n"


def latex_derivation(title: str, sections: Sequence[Section], notes: Sequence[str]) -> str:
    """An ``align*`` for each heading, as slides need it; text is escaped."""
    blocks = [f"{NEEDS}\n\\begingroup\\allowdisplaybreaks", rf"\paragraph{{{tex(title)}}}"]
    for section in sections:
        blocks.append(rf"\paragraph{{{tex(section.heading)}}}")
        if section.steps:
            blocks.append(f"\\begin{{align*}}\n{_latex_steps(section.steps)}\n\\end{{align*}}")
        blocks.append(_sentences(section, _as_math, tex))
    return "\n\n".join(filter(None, [*blocks, *(tex(HINT.sub("", note)) for note in notes)])) + "\n\\endgroup\n"


def _aligned(steps: Sequence[DerivationStep]) -> Iterator[str]:
    rows = [(step.name, plain_symbols(step.symbols), plain_numbers(step.numbers)) for step in steps]
    widths = [max(map(cell_len, column)) for column in zip(*rows)]
    for step, row in zip(steps, rows):
        name, symbols, numbers = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths))
        yield f"  {name}  {symbols} = {numbers} = {step.value}"


def _markdown_step(step: DerivationStep) -> str:
    sides = tex_symbols(step.symbols), tex_numbers(step.numbers), tex_value(step.value)
    return f"- {escaped(step.name)}: ${' = '.join(sides)}$"


def _latex_steps(steps: Sequence[DerivationStep]) -> str:
    """Each step on one line if it fits, else with its numbers and its value on lines of their own."""
    room = TEXT_WIDTH - max(len(step.name) for step in steps)
    return f" {LINE_BREAK}".join(_latex_step(step, room) for step in steps)


def _latex_step(step: DerivationStep, room: int) -> str:
    name = step.name if LETTER.fullmatch(step.name) else rf"\text{{{tex(step.name)}}}"
    symbols, numbers = plain_symbols(step.symbols), plain_numbers(step.numbers)
    apart = f" {LINE_BREAK}&" if sum(map(_width, (symbols, numbers, step.value))) > room else " "
    sides = [_broken(step.symbols, symbols, tex_symbols, room), _broken(step.numbers, numbers, tex_numbers, room)]
    return f"{name} &= " + f"{apart}= ".join([*sides, tex_value(step.value)])


def _broken(formula: Expression, plain: str, text: Callable[[Expression], str], room: int) -> str:
    """A sum that is too long for a line, a term on each."""
    if not isinstance(formula, Sum) or formula.less or _width(plain) <= room:
        return text(formula)
    return rf" {LINE_BREAK}&\quad + ".join(map(text, formula.terms))


def _width(text: str) -> int:
    """About how wide it is, in digits: a product has space around its dots, a quotient is two lines high."""
    longest = max(text.split(" / "), key=len)
    return len(longest) + longest.count("·") + len(" = ")


def _as_math(formula: Expression) -> str:
    return f"${tex_symbols(formula)}$"


def _sentences(section: Section, formula: Callable[[Expression], str], text: Callable[[str], str]) -> str:
    return "".join(text(piece) if isinstance(piece, str) else formula(piece) for piece in section.remark)
