"""Spark: the frame of a sweep is what the command writes."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from sepcost import SepcostError
from sepcost.frames import spark_costs, spark_networks, spark_sweep
from sepcost.frames.counting import AT_ONCE
from tests.commands import ROOT, sepcost

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
NUMBERS = {"H": "7,14", "C": "4:16:4", "K": "3,3x5", "O": "1:64:1", "groups": "1,3"}
FIGURES = ["params", "macs", "replacement.macs", "reduction.macs", "kept"]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Two local workers, which run this Python."""
    from pyspark.sql import SparkSession

    with patch.dict(os.environ, PYSPARK_PYTHON=sys.executable, PYTHONPATH=str(ROOT)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
        yield session
        session.stop()


def of_command(*arguments: str) -> list[dict[str, Any]]:
    """The rows of the command's CSV."""
    options = [part for name, text in NUMBERS.items() for part in (f"-{name}" if len(name) == 1 else f"--{name}", text)]
    run = sepcost("compare", *options, *arguments, "--columns", ",".join(FIGURES), "--format", "csv")
    return list(csv.DictReader(io.StringIO(run.out)))


def test_the_rows_are_those_of_the_command_in_its_order(spark: SparkSession) -> None:
    replacements = ["separable", "blueprint"]
    frame = spark_sweep(spark, **NUMBERS, replacements=replacements, columns=FIGURES)  # type: ignore[arg-type]
    assert frame.columns == [*NUMBERS, "replacement", *FIGURES, "error"]
    rows = [row.asDict() for row in frame.collect()]
    assert len(rows) == 2 * 4 * 2 * 64 * 2 * len(replacements)
    good = [row for row in rows if row["error"] is None]
    expected = of_command("-r", "separable", "-r", "blueprint")
    assert len(expected) == len(good) < len(rows)
    names = [*NUMBERS, "replacement", *FIGURES]
    assert [["" if row[name] is None else str(row[name]) for name in names] for row in good] == [
        [row[name] for name in names] for row in expected
    ]
    assert {row["error"] for row in rows} >= {"groups: must divide in_channels, got 3 groups of 4 channels"}


def test_a_sweep_of_many_blocks_adds_up(spark: SparkSession) -> None:
    sizes, channels = range(1, 41), range(1, 65)
    frame = spark_sweep(spark, H=sizes, C=channels, K=[3, 5], O=channels, columns=["macs"], partitions=3)
    assert frame.count() == len(sizes) * len(channels) ** 2 * 2 > 4 * AT_ONCE
    assert frame.groupBy().sum("macs").collect()[0][0] == sum(h * h for h in sizes) * sum(channels) ** 2 * (9 + 25)
    assert frame.rdd.getNumPartitions() == 3


def test_a_frame_of_convolutions_gets_their_costs(spark: SparkSession) -> None:
    given = spark.createDataFrame([("a", 64, 128), ("b", 64, 0), ("c", None, 1)], "name string, C int, O smallint")
    found = spark_costs(given, K=3, columns=["params"])
    assert [tuple(row) for row in found.collect()] == [
        ("a", 64, 128, 9 * 64 * 128, None),
        ("b", 64, 0, None, "out_channels: must be at least 1, got 0"),
        ("c", None, 1, None, "C has no value"),
    ]


def test_a_bad_network_is_a_row_and_no_failed_job(spark: SparkSession) -> None:
    texts = [("a", "layers: [{H: 8, C: 3, K: 3, O: 8}]"), ("b", "{"), ("c", None)]
    found = spark_networks(spark.createDataFrame(texts, "name string, text string"), columns=["macs"]).collect()
    assert [(row["name"], row["macs"], row["error"] is None) for row in found] == [
        ("a", 8 * 8 * 9 * 3 * 8, True), ("b", None, False), ("c", None, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"C": 8, "K": 3}, "missing O: a convolution has C, K and O (and H or size, for a map)"),
        ({"C": 8, "K": 3, "O": 8, "columns": ["mcas"]}, "columns: there is no 'mcas'; did you mean `macs`?"),
        ({"C": 8, "K": 3, "O": "C", "groups": "G"}, "groups: must be a whole number, got G (depthwise is as many "
         "groups as channels: give C)"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_an_error_before_anything_runs(
    spark: SparkSession, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(SepcostError) as raised:
        spark_sweep(spark, **asked)
    assert str(raised.value) == message
