"""Costs of columns are those of each row by itself, in whatever library the columns are."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import Conv, SepcostError, compare, costs
from sepcost.count.evaluation import evaluated
from sepcost.sheets.records import total_record
from tests.commands import ROOT

NUMBERS = ("H", "W", "C", "K", "O", "stride", "padding", "dilation", "groups")
FEW = ["params", "macs", "reduction.macs"]


def alone(row: dict[str, int], replacement: str = "separable", **options: Any) -> dict[str, Any]:
    """A row by itself: what ``compare`` counts of it."""
    size, options = (row["H"], row["W"]), {**{name: row[name] for name in NUMBERS[5:]}, **options}
    comparison = compare(Conv(size, row["C"], row["O"], row["K"], **options), replacements=replacement)
    return dict(total_record(evaluated(comparison), replacement))


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, int]]:
    """Rows of numbers, not all of which are convolutions."""
    bounds = {"H": (1, 12), "W": (1, 12), "C": (0, 8), "K": (1, 5), "O": (1, 8), "stride": (1, 3), "padding": (0, 2)}
    bounds |= {"dilation": (1, 2), "groups": (1, 3)}
    row = st.fixed_dictionaries({name: st.integers(*bounds[name]) for name in NUMBERS})
    return draw(st.lists(row, min_size=1, max_size=12))


@given(tables(), st.booleans(), st.sampled_from(["separable", "blueprint", "inverted", "grouped"]))
def test_each_row_is_what_it_is_alone(rows: list[dict[str, int]], transposed: bool, replacement: str) -> None:
    found, reasons = {}, {}
    for number, row in enumerate(rows):
        try:
            found[number] = alone(row, replacement, transposed=transposed)
        except SepcostError as error:
            reasons[number] = str(error)
    options: dict[str, Any] = {"replacement": replacement, "transposed": transposed}

    def table(numbers: Any) -> dict[str, Any]:
        return {name: np.array([rows[number][name] for number in numbers], np.int64) for name in NUMBERS}

    if reasons:
        first = min(reasons)
        with pytest.raises(SepcostError) as raised:
            costs(**table(range(len(rows))), **options)
        assert str(raised.value) == f"row {first}: {reasons[first]}"
    if found:
        counted = costs(**table(found), **options)
        for place, record in enumerate(found.values()):
            assert {name: values.tolist()[place] for name, values in counted.items()} == {
                name: record[name] for name in counted
            }


def test_many_rows_are_counted_by_the_closed_form() -> None:
    random = np.random.default_rng(1)
    h, c, o = random.integers(7, 225, 200_000), random.integers(1, 1025, 200_000), random.integers(1, 1025, 200_000)
    k = random.choice([3, 5, 7], 200_000)
    found = costs(H=h, C=c, K=k, O=o, columns=["macs", "replacement.macs", "reduction.macs", "kept"])
    depthwise = c * k * k  # of one channel there is no other depthwise: it is replaced all the same
    assert (found["macs"] == h * h * depthwise * o).all()
    assert (found["replacement.macs"] == h * h * (depthwise + c * o)).all()
    assert (found["reduction.macs"] == (h * h * depthwise * o) / (h * h * (depthwise + c * o))).all()
    assert set(found["kept"]) == {None}


def test_fewer_columns_have_the_same_values() -> None:
    numbers: dict[str, Any] = {
        "H": [7, 56],
        "C": [32, 1],
        "K": (3, [1, 5]),
        "O": [64, 8],
        "bias": True,
        "norm": "batch",
        "batch": 4,
    }
    everything = costs(**numbers, dtype="int8")
    for name, values in everything.items():
        assert costs(**numbers, dtype="int8", columns=[name])[name].tolist() == values.tolist()


def test_without_a_map_it_is_counted_per_position() -> None:
    found = costs(C=64, K=3, O=128)
    assert (found["macs"], found["replacement.macs"]) == (9 * 64 * 128, 64 * (9 + 128))
    assert not {"traffic_bytes", "replacement.peak_activation_bytes"} & {*found}


def test_without_a_replacement_there_is_only_the_standard() -> None:
    assert costs(H=8, C=4, K=3, O=8, replacement=None)["macs"] == 8 * 8 * 9 * 4 * 8
    assert not any("." in name for name in costs(H=8, C=4, K=3, O=8, replacement="none"))


@pytest.mark.parametrize(
    "kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, object]
)
def test_every_type_of_integers_counts_the_same(kind: Any) -> None:
    assert costs(H=100, C=np.array([100, 3], kind), K=3, O=100, columns=["macs"])["macs"].tolist() == [
        900_000_000, 27_000_000,
    ]  # fmt: skip


COLUMNS = {
    "numpy": np.array,
    "pandas": lambda values: pd.Series(values, index=["a", "b"]),
    "nullable pandas": lambda values: pd.Series(values, index=["a", "b"], dtype="Int32"),
    "polars": pl.Series,
    "an array of Arrow": pa.array,
    "a chunked one": lambda values: pa.chunked_array([values[:1], values[1:]]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_figures_are_of_the_kind_of_the_columns(kind: str) -> None:
    column = COLUMNS[kind]
    found = costs(H=56, C=column([64, 32]), K=3, O=column([128, 64]), columns=[*FEW, "kept"])
    expected = {"numpy": dict, "pandas": pd.DataFrame, "nullable pandas": pd.DataFrame, "polars": pl.DataFrame}
    assert type(found) is expected.get(kind, pa.Table)
    assert list(map(int, found["macs"].to_pylist() if isinstance(found, pa.Table) else found["macs"])) == [
        56 * 56 * 9 * 64 * 128, 56 * 56 * 9 * 32 * 64,
    ]  # fmt: skip
    if isinstance(found, pd.DataFrame):
        assert list(found.index) == ["a", "b"]


@pytest.mark.parametrize(
    "table",
    [
        {"C": [64, 32], "O": [128, 64], "name": ["a", "b"]},
        pd.DataFrame({"C": [64, 32], "O": [128, 64], "name": ["a", "b"]}, index=[7, 9]),
        pl.DataFrame({"C": [64, 32], "O": [128, 64], "name": ["a", "b"]}),
        pa.table({"C": [64, 32], "O": [128, 64], "name": ["a", "b"]}),
    ],
    ids=["mapping", "pandas", "polars", "arrow"],
)
def test_a_table_keeps_its_columns_and_gets_figures_behind_them(table: Any) -> None:
    found = costs(table, K=3, columns=["params"])
    assert type(found) is type(table)
    names = found if isinstance(found, dict) else getattr(found, "column_names", None) or list(found.columns)
    assert list(names) == ["C", "O", "name", "params"]
    params = found["params"].to_pylist() if isinstance(found, pa.Table) else list(found["params"])
    assert params == [9 * 64 * 128, 9 * 32 * 64]
    if isinstance(found, pd.DataFrame):
        assert list(found.index) == [7, 9]


def test_polars_counts_a_lazy_frame_in_batches() -> None:
    lazy = pl.LazyFrame({"C": [8, 16], "O": [16, 32]})
    counted = lazy.map_batches(partial(costs, K=3, columns=["params"]), validate_output_schema=False)
    assert counted.collect()["params"].to_list() == [9 * 8 * 16, 9 * 16 * 32]


LARGE = 2**31 - 1


def test_counts_beyond_64_bits_are_exact() -> None:
    expected = LARGE**2 * 9 * LARGE * 5
    assert costs(H=LARGE, C=LARGE, K=3, O=5, columns=["macs"]) == {"macs": expected}
    column = costs(H=LARGE, C=LARGE, K=3, O=np.array([1, 5]), columns=["macs"])["macs"]
    assert column.dtype == object
    assert column.tolist() == [expected // 5, expected]
    frame = costs(H=LARGE, C=LARGE, K=3, O=pd.Series([1, 5]), columns=["macs"])
    assert list(frame["macs"]) == [expected // 5, expected]


@pytest.mark.parametrize("column", [pl.Series([1, 5]), pa.array([1, 5])])
def test_a_frame_that_cannot_hold_them_gets_an_error_that_names_the_first(column: Any) -> None:
    with pytest.raises(SepcostError, match=rf"row 0: macs is {LARGE**3 * 9}, which is beyond 64 bits: give NumPy"):
        costs(H=LARGE, C=LARGE, K=3, O=column, columns=["macs"])


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"O": [3, 0]}, "row 1: out_channels: must be at least 1, got 0"),
        ({"O": 0}, "out_channels: must be at least 1, got 0"),
        ({"O": [3.5]}, "O: must be whole numbers, got float64 (3.5, …)"),
        ({"O": [True]}, "O: must be whole numbers, got bool (True, …)"),
        ({"O": True}, "O: must be a whole number, a column of them (NumPy, pandas, Polars, Arrow), or a tuple with one "
         "for each axis, got True"),
        ({"O": pl.Series([3, None])}, "O: row 1 has no value (1 in all)"),
        ({"O": [3, 2**64]}, "O: row 1 must be from 0 to 2147483647, got 18446744073709551616"),
        ({"O": [3, -1]}, "O: row 1 must be from 0 to 2147483647, got -1"),
        ({"O": [[3]]}, "O: must be a column, got an array of 2 axes: give a tuple of columns"),
        ({"O": [3, 4], "C": [1]}, "O: has 2 rows, and C has 1: give as many"),
        ({"O": [3, 4], "groups": [1, 3]}, "row 1: groups: must divide in_channels, got 3 groups of 8 channels"),
        ({"O": None}, "missing O: a convolution has C, K and O (and H or size, for a map)"),
        ({"H": None, "W": [8, 9]}, "W needs H"),
        ({"size": 8}, "size contradicts H and W: give one or the other"),
        ({"replacements": ["separable"]}, "no number of a convolution is called 'replacements'; did you mean "
         "`replacement`?"),
        ({"o": 3}, "no number of a convolution is called 'o'; did you mean `O`?"),
        ({"columns": ["mcas"]}, "columns: there is no 'mcas'; did you mean `macs`?"),
        ({"H": None, "columns": ["traffic_bytes"]}, "columns: there is no 'traffic_bytes' (there are: params, macs, "
         "flops, activations, weight_bytes, reduction.params, reduction.macs, reduction.activations, "
         "replacement.params, replacement.macs, replacement.flops, replacement.activations, replacement.weight_bytes, "
         "kept, costs_more)"),
        ({"replacement": ["separable", "blueprint"]}, "replacement: must be one for all rows, got "
         "['separable', 'blueprint']"),
        ({"dtype": "int7"}, "dtype: must be one of float64, float32, float16, bfloat16, float8, int8, int4, or for "
         "each as in weights=int4,activations=int8, got int7"),
        ({"C": pd.Series([8, 8]), "O": pd.Series([8, 8], index=[1, 0])}, "O: has another index than C: align them, or "
         "give arrays"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_row(numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as raised:
        costs(**{"H": 8, "C": 8, "K": 3, "O": 8, **numbers})
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"O": [3], "macs": [1]}, "the table has a column 'macs' already: rename it, or leave it out of columns"),
        ({"O": [3], "K": [3]}, "K: the table has such a column: leave out the argument, or the column"),
        (3, "a table is a frame of pandas, Polars or Arrow, or a mapping of columns, got 3"),
    ],
)
def test_a_table_with_a_taken_name_is_refused(table: Any, message: str) -> None:
    with pytest.raises(SepcostError) as raised:
        costs(table, C=8, K=3)
    assert str(raised.value) == message


def test_no_rows_have_no_figures() -> None:
    found = costs(H=8, C=np.array([], int), K=3, O=8, columns=FEW)
    assert [(name, len(values)) for name, values in found.items()] == [(name, 0) for name in FEW]


def test_arrays_need_no_library_of_frames() -> None:
    code = (
        "import sys; from sepcost import costs; costs(H=8, C=[3, 4], K=3, O=8);"
        "print({'pandas', 'polars', 'pyarrow', 'narwhals', 'altair', 'yaml'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"
