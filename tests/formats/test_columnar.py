"""Parquet and Arrow: what others read in them is what CSV says, in the right types; and files that are compressed."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

from sepcost.formats.registry import format_named
from tests.commands import sepcost

SWEEP = ("-H", "7:28:7", "-C", "8:64:8", "-K", "1,3x5", "-O", "8:256:8", "-r", "separable:multiplier=1,2")
NETWORKS = ("lenet5", "m5", "unet")
LAYERS = (*NETWORKS, "-r", "separable", "-r", "blueprint")


def written(path: Path, *arguments: str) -> Path:
    done = sepcost("compare", *arguments, "--output", str(path))
    assert (done.code, done.out, done.err) == (0, "", "")
    return path


@pytest.mark.parametrize("arguments", [SWEEP, LAYERS, (*LAYERS, "--alpha", "0.5,1")])
@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
def test_columns_are_those_of_csv(tmp_path: Path, arguments: tuple[str, ...], ending: str) -> None:
    path = written(tmp_path / f"s.{ending}", *arguments)
    found = pd.read_parquet(path) if ending == "parquet" else pd.read_feather(path)
    types = {name: str for name in found if all(isinstance(value, str) for value in found[name].dropna())}
    csv = pd.read_csv(written(tmp_path / "s.csv", *arguments), dtype=types, keep_default_na=False, na_values=[""])
    assert list(found) == list(csv)
    assert len(found) == len(csv)
    for name in csv:
        assert (found[name].isna() == csv[name].isna()).all(), name
        given = found[name].notna()
        assert found[name][given].tolist() == csv[name][given].tolist(), name


def test_polars_and_duckdb_read_the_same_numbers(tmp_path: Path) -> None:
    parquet, arrow = (written(tmp_path / f"s.{ending}", *SWEEP) for ending in ("parquet", "arrow"))
    frame = pl.read_parquet(parquet)
    assert frame.equals(pl.read_ipc(arrow))
    csv = pl.read_csv(written(tmp_path / "s.csv", *SWEEP))
    assert frame["macs"].to_list() == csv["macs"].to_list()
    query = f"select count(*), sum(macs), max(\"reduction.macs\") from '{parquet}' where K = '3x5'"
    wide = csv.filter(pl.col("K") == "3x5")
    assert duckdb.connect().execute(query).fetchall() == [(len(wide), wide["macs"].sum(), wide["reduction.macs"].max())]


def test_types_and_units_and_how_it_was_counted_are_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "s.parquet", *SWEEP, "--flops-per-mac", "2", "--target", "example-cpu")
    schema = pa.parquet.read_schema(path)
    types = {
        "network": "string", "C": "int64", "K": "string", "options.multiplier": "int64", "alpha": "double",
        "macs": "int64", "replacement.weight_bytes": "int64", "reduction.macs": "double", "costs_more": "bool",
        "macs_per_byte": "double", "time": "double", "time_source": "string",
    }  # fmt: skip
    assert {name: str(schema.field(name).type) for name in types} == types
    units = {name: (schema.field(name).metadata or {}).get(b"unit") for name in ("weight_bytes", "time", "macs")}
    assert units == {"weight_bytes": b"byte", "time": b"s", "macs": None}
    head = json.loads(schema.metadata[b"sepcost"])
    assert (head["convention"]["flops_per_mac"], head["dtype"]) == (2, "float32")


def test_many_rows_are_several_row_groups(tmp_path: Path) -> None:
    path = written(tmp_path / "s.parquet", "-C", "1:500:1", "-K", "3", "-O", "1:300:1", "--columns", "macs")
    file = pa.parquet.ParquetFile(path)
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (150_000, 3)
    macs = file.read(["macs"])["macs"].to_pylist()
    assert macs == [c * 9 * o for c in range(1, 501) for o in range(1, 301)]


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_one_by_one_the_rows_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    at_once = written(tmp_path / f"a.{name}", *SWEEP)
    monkeypatch.setattr(type(format_named(name)), "at_once", False)
    assert written(tmp_path / f"b.{name}", *SWEEP).read_bytes() == at_once.read_bytes()


def test_columns_of_ones_own_are_numbers(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("network,top1,note\nLeNet-5,98.5,a\nM5,-1,\n")
    found = pd.read_parquet(written(tmp_path / "s.parquet", "lenet5", "m5", "--rows", "totals", "--join", str(own)))
    assert found["top1"].tolist() == [98.5, -1.0]
    assert [note for note in found["note"] if isinstance(note, str)] == ["a"]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_count_beyond_64_bits_is_an_error_and_no_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"s.{ending}"
    numbers = ("-H", "2000000000", "-C", "2000000000", "-K", "3", "-O", "1:600:1")
    done = sepcost("compare", *numbers, "--output", str(path))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("sepcost: macs: 43,200,000,000,000,000,000,000,000,000,000 is beyond 64 bits")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "parquet"), "--format parquet is for a file: give --output FILE"),
        (("--format", "arrow", "--output", "-"), "--format arrow is for a file: give --output FILE"),
        (("--output", "s.parquet.gz"), "--output s.parquet.gz: parquet is compressed already: leave out .gz"),
        (("--output", "s.xyz.gz"), "--output s.xyz.gz: there is no format .xyz"),
    ],
)
def test_bytes_go_to_files(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = sepcost("compare", "-H", "7", "-C", "8", "-K", "3", "-O", "8", *arguments, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"sepcost: {message}")


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "md"])
def test_compressed_files_have_the_same_text_and_are_reproducible(tmp_path: Path, ending: str) -> None:
    plain = written(tmp_path / f"s.{ending}", *NETWORKS).read_bytes()
    first, second = (written(tmp_path / f"{name}.{ending}.gz", *NETWORKS).read_bytes() for name in "ab")
    assert gzip.decompress(first) == plain
    assert first == second
    assert first[4:8] == bytes(4)  # no time


def test_a_compressed_file_is_no_source_and_says_so(tmp_path: Path) -> None:
    compressed = written(tmp_path / "costs.json.gz", *NETWORKS)
    run = sepcost("compare", str(compressed))
    assert (run.code, run.out) == (2, "")
    assert run.err == f"{compressed}:1:1: is compressed by gzip: unpack it first\n"


def test_without_pyarrow_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    numbers = ("compare", "-H", "7", "-C", "8", "-K", "3", "-O", "8")
    done = sepcost(*numbers, "--output", str(tmp_path / "s.parquet"))
    assert (done.code, done.err) == (2, "sepcost: pyarrow is not installed: pip install 'sepcost[frames]'\n")
    assert sepcost(*numbers, "--output", str(tmp_path / "s.csv.gz")).code == 0
