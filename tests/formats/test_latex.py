"""LaTeX that compiles as it is, whatever the names are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import Conv, compare, load
from sepcost.count.evaluation import evaluated
from sepcost.formats.drawing.tex import tex
from sepcost.formats.latex import latex
from sepcost.sheets.comparison_sheets import sheets
from sepcost.sheets.sheet import Column, Row, Sheet
from sepcost.text.kind import Kind
from tests.commands import sepcost

RUNS = [
    "-H 112 -C 32 -K 3 -O 64",
    "-C 8 -K 4 -O 1 --stride 2 --transposed -r separable -r blueprint",
    "configs/m5.yaml configs/xception.yaml -r separable:multiplier=2 -r blueprint --flops-per-mac 2",
    "configs/mobilenet_v1.yaml --format latex:precision=3,caption=100%_MobileNet,label=tab:cost,units=M",
    "tests/configs/hostile.yaml",
    "-H 112 -C 32 -K 3 -O 64 --explain -r separable:multiplier=2 -r blueprint",
]
SHOWN_AS_IT_IS = re.compile(
    r"""( [A-Za-z0-9 .:;!?()\]/+=@,-] | ~ | \{[\[*]\} | (?<=[-,])\{\}
    | \\[%&#_{}] | \\(text[a-z]+|ldots|allowbreak|ss|ae|AE|oe|OE|o|O|l|L|i)\{\}
    | \$(\\[A-Za-z]+|\\\$|-|\^[23])\$ | \\[`'^~=.\"uvHrcdb]\{[A-Za-z]\}
    | \\texttt\{(\\char34|U\+[0-9A-F]{4,6})\} )*""",
    re.VERBOSE,
)
NASTY = [
    "".join(map(chr, range(32, 127))),
    "".join(map(chr, range(0xA0, 0x250))),
    "".join(map(chr, range(0x300, 0x400))),
    "\\end{table}\\input{/etc/passwd} % & # ~ ^ ``x'' -- --- ,, ?` !` << >>",
    "[1ex] row",
    "* row",
    "漢字 😀 \x1b[31m \u202e \ud800 e\u0301 a\u0301\u0301 ﬁ ½ ™ → α·ρ² ⌈x⌉",
    "",
]


def names_sheet(names: list[str]) -> Sheet:
    columns = (Column("layer", Kind.TEXT), Column("params"), Column("MACs", group=names[0]))
    rows = tuple(Row((name, 1, 10**number)) for number, name in enumerate(names))
    return Sheet("Names, " + names[0], columns, rows, rows[:1], notes=tuple(names))


def check_structure(text: str) -> None:
    open_: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert not open_
    bare = re.sub(r"\\[\\{}&%$]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    for table in re.findall(r"\\begin\{(?:tabular|longtable)\}(.*?)\\end\{", text, re.DOTALL):
        alignment, *lines = table.splitlines()
        columns = len(re.sub(r"\[.*?\]|>\{.*?\}p\{.*?\}", "p", alignment.strip("{}")).replace("Sp", "S"))
        rows = [line for line in lines if line.endswith(r" \\") and r"\caption" not in line]
        assert len(rows) > 1
        for row in rows:
            spanned = sum(int(number) - 1 for number in re.findall(r"\\multicolumn\{(\d+)\}", row))
            assert len(re.findall(r"(?<!\\)&", row)) + spanned == columns - 1, row
    labels = re.findall(r"\\label\{([^}]*)\}", text)
    assert len(set(labels)) == len(labels) == len(re.findall(r"\\begin\{(?:table|longtable)\}", text))


@pytest.mark.parametrize("arguments", RUNS)
def test_tables_are_sound(arguments: str) -> None:
    text = sepcost("compare", "--format", "latex", *arguments.split()).out
    check_structure(text)
    assert text.isascii()


@given(st.text() | st.sampled_from(NASTY))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert SHOWN_AS_IT_IS.fullmatch(tex(text)), tex(text)
    assert "--" not in tex(text)


@given(st.lists(st.text(), min_size=1, max_size=90))
def test_any_names_make_sound_tables(names: list[str]) -> None:
    text = latex([names_sheet(names), names_sheet(names[:3])])
    check_structure(text)
    assert text.isascii()


def test_every_row_is_there_however_long_the_table_is() -> None:
    text = latex([names_sheet([f"n{number}" for number in range(205)])])
    assert re.findall(r"^ +(n\d+) &", text, re.MULTILINE) == [*(f"n{number}" for number in range(205)), "n0"]


def test_cells_are_numbers_in_the_unit_of_their_column() -> None:
    text = latex(sheets(evaluated(compare(Conv((112, 112), 32, 64, 3)))))
    lines = [re.sub(r" *\\\\$", "", line).strip() for line in text.splitlines()]
    assert "& {(k)} & {(M)} & {(k)} & {(KiB)} & {(KiB)} & {(KiB)}" in lines
    assert "standard & 18.43 & 231.2 & 802.8 & 72.00 & 3136 & 4776" in lines
    assert r"\quad depthwise & 0.288 & 3.613 & 401.4 & 1.125 & 1568 & 3137" in lines


def test_columns_that_are_compared_have_one_unit() -> None:
    text = latex(sheets(evaluated(compare(load("configs/vgg16.yaml")))))
    assert r"  &  & {(M)} & {(G)} & {(M)} & {(G)} &  \\" in text


@pytest.mark.parametrize(
    ("arguments", "captions", "labels"),
    [
        (("configs/m5.yaml",), ["M5, input 1$\\times$8000", "M5: totals"], ["tab:m5", "tab:m5-totals"]),
        (
            ("configs/m5.yaml", "--format", 'latex:caption="50% & more, or less",label=tab:us'),
            [r"50\% \& more, or less", r"50\% \& more, or less: totals"],
            ["tab:us", "tab:us-totals"],
        ),
        (
            ("configs/m5.yaml", "configs/m5.yaml", "--format", "latex:caption=Two"),
            [
                f"Two: {title}"
                for title in (*2 * ("M5, input 1$\\times$8000", "M5: totals"), "2 networks, standard and separable")
            ],
            ["tab:m5", "tab:m5-totals", "tab:m5-2", "tab:m5-totals-2", "tab:2-networks"],
        ),
        (("-C", "3", "-K", "3", "-O", "8", "--format", "latex:label=a_b"), None, ["a_b"]),
    ],
)
def test_captions_and_labels(arguments: tuple[str, ...], captions: list[str] | None, labels: list[str]) -> None:
    text = sepcost("compare", "--format", "latex", *arguments).out
    assert re.findall(r"\\label\{(.*)\}", text) == labels
    assert captions is None or re.findall(r"\\caption\{(.*)\}", text) == captions


def test_the_files_name_says_it(tmp_path: Path) -> None:
    arguments = ("compare", "-C", "3", "-K", "3", "-O", "8")
    assert sepcost(*arguments, "--output", str(tmp_path / "a.tex")).code == 0
    assert (tmp_path / "a.tex").read_text() == sepcost(*arguments, "--format", "latex").out
