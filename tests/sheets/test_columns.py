"""Columns of many results at once are the rows that CSV writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sepcost.cli.convolution import ConvolutionOptions
from sepcost.layers.cost import Convention
from sepcost.sheets.columns import column_names, columns
from sepcost.sheets.text_template import Several
from sepcost.sheets.view import Rows, View
from sepcost.tasks.convolution_sweep import ConvolutionSweep
from sepcost.tasks.job import Job
from sepcost.tasks.replacement_texts import asked_replacements
from tests.commands import sepcost


def cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


@pytest.mark.parametrize(
    ("kernels", "groups", "texts"),
    [("1,3,5", "1", ["separable"]), ("1,3,3x5", "1,2", ["grouped:groups=4", "blueprint"]), ("3", "1", ["none"])],
)
def test_columns_are_those_of_csv(kernels: str, groups: str, texts: Sequence[str]) -> None:
    """Also where some combinations are impossible, and where kernels are sizes."""
    one = ConvolutionOptions("7:28:7", None, None, "1:40:1", kernels, "3,8,16,1024", groups=groups)
    sweep = one.sweep()
    view = View(Rows.TOTALS, swept=sweep.names, of_networks=True)
    job = Job(asked_replacements(texts)[0], Convention(), view=view, at_once=True)
    items = list(ConvolutionSweep(one.network, sweep, job).combinations())
    assert any(isinstance(item, Several) for item in items)
    names = column_names(view)
    rows = [row for item in items for row in zip(*columns(item, names).values())]
    options = [text for name in texts for text in ("-r", name)]
    numbers = ("-H", "7:28:7", "-C", "1:40:1", "-K", kernels, "-O", "3,8,16,1024", "--groups", groups)
    written = list(csv.reader(io.StringIO(sepcost("compare", *numbers, *options, "--format", "csv").out)))
    indexes = [written[0].index(name) for name in names]
    assert [[cell(value) for value in row] for row in rows] == [[row[i] for i in indexes] for row in written[1:]]


def test_columns_are_arrays_of_numbers_and_exact_beyond_64_bits() -> None:
    one = ConvolutionOptions("2000000000", None, None, "2000000000", "3", "1:600:1")
    sweep = one.sweep()
    view = View(Rows.TOTALS, swept=sweep.names, of_networks=True)
    [item] = ConvolutionSweep(one.network, sweep, Job(None, Convention(), view=view, at_once=True)).combinations()
    found = columns(item, ("O", "macs", "reduction.macs", "costs_more"))
    assert [found[name].dtype for name in found] == [np.int64, object, np.float64, bool]  # type: ignore[attr-defined]
    assert found["macs"][-1] == 4 * 10**18 * 2 * 10**9 * 9 * 600
