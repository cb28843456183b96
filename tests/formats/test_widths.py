"""No width of a terminal cuts a cell: what does not fit is rounded or left out, and said."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from sepcost import Comparison, Conv, Network, compare, load, load_all
from sepcost.blocks.replacements import REPLACEMENTS
from sepcost.count.evaluation import evaluated
from sepcost.formats.drawing.layout import header, laid_out
from sepcost.formats.table import draw
from sepcost.sheets.comparison_sheets import sheets
from sepcost.sheets.fit_sheets import fit_sheets
from sepcost.sheets.sheet import Sheet, cell_text
from sepcost.sheets.summary_sheet import summary_sheet
from sepcost.sheets.view import Rows, View
from sepcost.text.kind import Digits, Kind
from tests.golden.fits import FITS

RESULTS = [
    evaluated(result)
    for result in (
        compare(Conv((112, 112), 32, 64, 3)),
        compare(Conv((8, 8), 4, 1, 3), ["separable:multiplier=2", "blueprint"]),
        compare(load("configs/vgg16.yaml")),
        compare(load("configs/xception.yaml")),
        compare(load("configs/unet.yaml"), ["separable:multiplier=2", "blueprint"]),
        compare(load("configs/mobilenet_v1.yaml"), list(REPLACEMENTS)),
    )
]
SHEETS = [sheet for result in RESULTS for sheet in sheets(result)]
SHEETS += [*fit_sheets(FITS), summary_sheet(RESULTS, View())]
NARROWEST = 70
"""Below that, the names of layers and replacements are cut, at an ellipsis."""


def drawn(sheet: Sheet, width: int) -> list[str]:
    return draw(Console(file=StringIO(), width=width, color_system=None), width, [sheet]).splitlines()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.title)
def test_no_cell_is_cut(sheet: Sheet) -> None:
    cells = [(cell, column.kind) for row in sheet.all_rows for cell, column in zip(row.cells, sheet.columns)]
    whole = {
        cell_text(cell, kind, Digits(rounded=rounded)).split()[-1]
        for cell, kind in cells
        for rounded in (False, True)
        if cell != ""
    }
    for width in range(NARROWEST, 180, 5):
        lines = drawn(sheet, width)
        assert max(map(len, lines)) <= width
        assert sheet is SHEETS[-1] or not any("…" in line for line in lines)
        first = next(number for number, line in enumerate(lines) if line.startswith("──")) + 1
        for line, _ in zip([line for line in lines[first:] if not line.startswith("──")], sheet.all_rows):
            assert line.split()[-1] in whole, (width, line)


def test_everything_is_there_when_there_is_room() -> None:
    for sheet in SHEETS:
        text = "\n".join(drawn(sheet, 1000))
        assert "Not shown" not in text
        for column in sheet.columns:
            assert all(word in text for word in column.header.split())


NUMBERS = View(
    Rows.TOTALS,
    columns=("params", "macs", "activations", "traffic_bytes", "replacement.params", "reduction.macs"),
)
NARROW = [
    summary_sheet(RESULTS[2:5], NUMBERS),
    summary_sheet(
        [
            evaluated(
                Comparison.of(
                    Network.of(Conv((56, 56), 64, outputs, 3)), swept={"K": 3, "O": outputs, "stride": (1, 2)}
                )
            )
            for outputs in (64, 256)
        ],
        NUMBERS,
    ),
    *SHEETS,
]


@pytest.mark.parametrize("sheet", NARROW, ids=lambda sheet: sheet.title)
def test_a_number_is_never_cut_however_narrow_the_terminal(sheet: Sheet) -> None:
    own = [column.kind is Kind.PARAMETER and column.names_rows for column in sheet.columns]
    names = [number for number, is_own in enumerate(own) if is_own]
    for width in range(12, 100, 7):
        lines = drawn(sheet, width)
        assert not any(re.search(r"\d…", line) for line in lines), (width, lines)
        tables = sum(line.startswith("──") for line in lines) // (2 if sheet.totals else 1)
        for row in sheet.rows if names else ():
            identity = [cell_text(row.cells[number], Kind.PARAMETER) for number in names]
            assert sum(line.split()[: len(names)] == identity for line in lines) == tables


def shown(sheet: Sheet, width: int = 80) -> list[str]:
    """The headers of the tables that the sheet becomes, in one line each."""
    return [
        " | ".join(" ".join(header(page.sheet, number).split()) for number in range(len(page.sheet.columns)))
        for page in laid_out(sheet, width).pages
    ]


def test_at_80_columns_the_answer_comes_first() -> None:
    network = sheets(evaluated(compare(load("configs/mobilenet_v1.yaml"))))[0]
    answer = ["standard FLOPs = MACs", "separable params", "separable MACs", "reduction"]
    assert shown(network) == [" | ".join(["layer", "kernel", *answer])]
    several = [evaluated(compare(item)) for item in load_all("configs") if isinstance(item, Network)]
    totals = summary_sheet(several, View(Rows.TOTALS))
    assert shown(totals) == [" | ".join(["network", "standard params", *answer])]


def test_at_80_columns_a_fit_says_what_each_replacement_loses() -> None:
    layers, totals, _ = fit_sheets(FITS)
    (page,) = shown(layers)
    losses = [header for header in page.split(" | ") if header.endswith(" loss")]
    assert losses == ["separable loss", "separable: multiplier=2 loss", "blueprint loss"]
    assert shown(totals) == [" | energy | loss | MACs | reduction | time"]


def test_a_replacement_that_rows_share_is_in_the_title() -> None:
    usual, other = (evaluated(compare(load("configs/m5.yaml"), [text])) for text in ("separable", "blueprint"))
    same = summary_sheet([usual, evaluated(compare(load("configs/c3d.yaml")))], View(Rows.TOTALS))
    assert same.title == "2 networks, standard and separable"
    assert "replacement" not in [column.header for column in same.columns]
    third = evaluated(compare(load("configs/unet.yaml")))
    most = summary_sheet([usual, replace(other, name="N"), third], View(Rows.TOTALS))
    assert most.title == "3 networks, standard and separable"
    assert "Under blueprint: N." in most.notes
    half = summary_sheet([usual, replace(other, name="N")], View(Rows.TOTALS))
    assert half.title == "2 networks"
    assert "replacement" in [column.header for column in half.columns]


def test_what_grows_has_the_colour_of_a_loss() -> None:
    drawing = StringIO()
    console = Console(file=drawing, width=200, force_terminal=True, color_system="standard")
    text = draw(console, 200, sheets(evaluated(compare(Conv((112, 112), 32, 64, 3)))))
    row = next(line for line in text.splitlines() if "reduction" in line)
    found = re.findall(r"3;(3\d)m *(\S+×(?: more)?)", row)
    assert found[:3] == [("32", "7.89×"), ("32", "7.89×"), ("33", "1.50× more")]
