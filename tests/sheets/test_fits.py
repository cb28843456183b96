"""What was fitted, as people and programs read it; the numbers are those of a fixed result."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from sepcost import SepcostError
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import format_named, names_of, writing
from sepcost.measured.fits import LAYER, Counts, Fits, Fitted
from sepcost.sheets.fit_records import COLUMNS, SORTS, chosen_rows
from sepcost.sheets.ordering import checked_sort
from tests.commands import ROOT
from tests.golden.fits import CHOSEN, FIGURES, FITS, SCORES, TEXTS

PAGE = (ROOT / "docs" / "fit.md").read_text(encoding="utf-8")


def written(fits: Fits, name: str = "table") -> str:
    return str(format_named(name).fits(fits, FormatOptions()))


def document(fits: Fits = FITS) -> dict[str, Any]:
    return dict(json.loads(written(fits, "json")))


def each_row(change: Callable[[Fitted], Fitted], fits: Fits = FITS) -> Fits:
    return fits._replace(rows=[change(row) for row in fits.rows])


def without_a_map(row: Fitted) -> Fitted:
    return row._replace(before=Counts(row.before.params), after=Counts(row.after.params))


def without_data(row: Fitted) -> Fitted:
    return row._replace(loss=None, fit=row.fit and row.fit._replace(output_error=None), chosen=False)


STATE_DICT = each_row(without_data, each_row(without_a_map))._replace(
    weights="net.py:build", data=None, chosen=None, scores=None, target=None, written={}, notes=[]
)
ONE = FITS._replace(rows=[row for row in FITS.rows if row.replacement == TEXTS[0]])


def in_csv(value: object) -> str:
    if isinstance(value, list):
        return "x".join(map(str, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_csv_says_the_same_as_json() -> None:
    rows = list(csv.DictReader(io.StringIO(written(FITS, "csv"))))
    records = document()["rows"]
    assert len(rows) == len(records) == len(FITS.rows)
    for row, record in zip(rows, records):
        assert row == {name: in_csv(value) for name, value in record.items()}


def test_reductions_and_speedups_are_quotients_and_counts_are_exact() -> None:
    huge = 2**70 + 1
    fits = each_row(lambda row: row._replace(before=row.before._replace(params=huge)))
    for record in document(fits)["rows"]:
        assert record["params"] == huge
        assert record["reduction.macs"] == record["macs"] / record["replacement.macs"]
        assert record["reduction.params"] == huge / record["replacement.params"]
        assert record["speedup"] == record["time"] / record["replacement.time"]


def test_what_is_not_known_is_null_and_has_no_column() -> None:
    for record in document(STATE_DICT)["rows"]:
        for name in ("output_error", "loss", "macs", "time", "replacement.macs", "reduction.macs", "speedup"):
            assert record[name] is None
    assert (document(STATE_DICT)["chosen"], document(STATE_DICT)["scores"]) == (None, None)
    text = written(STATE_DICT)
    assert not re.search("MACs|time|speed-up|loss|error|data", text)
    assert re.search(r"^layer1\.conv1 .* 57\.1 % .* 7\.89× ", text, re.MULTILINE)
    assert "fewer params" in text


@pytest.mark.parametrize("name", names_of(writing("fits")))
def test_every_format_shows_each_layer_and_the_scores(name: str) -> None:
    text = written(FITS, name)
    for layer, figures in FIGURES.items():
        assert layer in text
        if format_named(name).audience == "people":
            assert f"{100 * figures[0][2]:.2f}" in text
    assert ("0.9905" in text) == (name != "csv")


def test_each_layer_is_a_row_in_which_the_plan_has_marked_its_choice() -> None:
    lines = {line.split()[0]: line for line in written(FITS).splitlines() if line.startswith("layer")}
    assert {name for name in lines if "." in name} == set(FIGURES)
    assert sum(line.startswith("total") for line in written(FITS).splitlines()) == 1
    marked = {name: re.findall(r"\* (\S+ %)", line) for name, line in lines.items()}
    assert marked == {"layer": [], "layer1.conv1": ["0.41 %"], "layer1.conv2": [], "layer2.conv1": ["0.04 %"]}


def test_what_is_kept_is_named_with_its_reason() -> None:
    refused = each_row(
        lambda row: (
            row._replace(kept="grouped", fit=None)
            if (row.layer, row.replacement) == ("layer1.conv1", "blueprint")
            else row
        )
    )
    text = written(refused)
    assert "Kept as they are: 1×1 (layer2.downsample).\nKept by blueprint: grouped (layer1.conv1).\n" in text


def test_a_network_of_which_all_is_kept_is_shown() -> None:
    kept = FITS._replace(rows=[row for row in FITS.rows if row.kept], chosen=None, scores=None)
    assert "Kept as they are: 1×1 (layer2.downsample)." in written(kept)


def test_one_replacement_shows_all_figures_of_each_layer() -> None:
    header = written(ONE).splitlines()[2].split()
    for name in ("kernel", "energy", "error", "loss", "params", "MACs", "reduction", "time", "speed-up"):
        assert name in header
    assert re.search(r"64×64×3×3 .* 4,672 .* 299,008 .* m ≤ 7", written(ONE))


def test_a_replacement_that_costs_more_is_flagged() -> None:
    grown = each_row(lambda row: row._replace(after=row.before._replace(macs=(row.before.macs or 0) * 3 // 2)), ONE)
    assert "1.50× more !" in written(grown)


def test_the_plan_says_what_it_was_expected_to_lose_and_what_it_does() -> None:
    lines = written(FITS).splitlines()
    assert "--max-macs 4M: 2 of 3 layers are replaced, 3.387 M MACs of 7.209 M" in lines
    summed = "The plan loses 0.45 % of the variance of the network's output, summed over its layers"
    assert f"{summed}; 0.68 % measured, all together." in lines
    kernels = written(STATE_DICT._replace(chosen=CHOSEN._replace(measured=None, gap=0.002)))
    assert "The plan loses 0.45 % of the kernels' squared norm, summed over its layers." in kernels
    assert "another might save 0.20 % more" in kernels
    assert document()["chosen"]["measured_loss"] == CHOSEN.measured


@pytest.mark.parametrize(("score", "shown"), [(0.990507, "0.9905"), (98.0, "98"), (-1.25, "-1.25")])
def test_a_score_is_as_the_user_gave_it(score: float, shown: str) -> None:
    *_, row = written(FITS._replace(scores=SCORES._replace(original=score), written={}, notes=[])).splitlines()
    assert row.split()[0] == shown


def test_layers_are_sorted_and_chosen_and_totals_are_of_all() -> None:
    found = chosen_rows(FITS, "-loss", 2)
    layers = dict.fromkeys(row.layer for row in found.rows if row.about == LAYER and row.fit)
    assert list(layers) == sorted(FIGURES, key=lambda name: FIGURES[name][0][2])[:2]
    assert found.totals == FITS.totals
    assert "2 of 3 layers, by -loss; totals are of all." in written(found)
    assert document(found)["chosen"] == document()["chosen"]
    assert chosen_rows(FITS, None, None) is FITS
    assert next(row for row in chosen_rows(FITS, "energy", None).rows if row.fit).layer == "layer2.conv1"
    with pytest.raises(SepcostError, match=r"nothing is called 'los'; did you mean `loss`\?"):
        checked_sort("los", SORTS)


def test_the_page_has_every_field() -> None:
    fields = set(re.findall(r"`([\w.]+)`", PAGE[PAGE.index("## JSON and CSV") :]))
    assert {*COLUMNS, *document(), *document()["chosen"], *document()["scores"]} <= fields
