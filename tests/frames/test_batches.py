"""Batches of Arrow: every row has its figures, or the reason why it has none."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from sepcost import Conv, SepcostError, compare
from sepcost.frames import cost_batches, network_batches
from tests.commands import ROOT, sepcost


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def rows(batches: Any, **asked: Any) -> list[dict[str, Any]]:
    return [row for each in cost_batches(batches, **asked) for row in each.to_pylist()]


def test_each_batch_has_its_own_columns_then_figures_as_it_comes() -> None:
    taken = []

    def given() -> Any:
        for outputs in (64, 128):
            taken.append(outputs)
            yield batch(name=["a"], C=[32], O=[outputs])

    found = cost_batches(given(), K="3x5", H=56, columns=["macs", "reduction.macs", "kept"])
    first = next(found)
    assert taken == [64]
    assert first.schema.names == ["name", "C", "O", "macs", "reduction.macs", "kept", "error"]
    result = compare(Conv((56, 56), 32, 64, (3, 5)))
    macs, reduction = result.standard.cost.macs, result.reduction("separable")
    assert [*first.to_pylist()[0].values()] == ["a", 32, 64, macs, reduction, None, None]
    assert next(found)["macs"].to_pylist() == [2 * macs]


def test_a_row_without_figures_says_why() -> None:
    large = 2**31 - 1
    given = batch(H=[8, 8, None, large, 8], C=[4, 4, 4, large, 2**40], O=[8, 0, 8, 8, 8])
    found = rows([given], K=3, columns=["macs"])
    assert [row["macs"] for row in found] == [8 * 8 * 9 * 4 * 8, None, None, None, None]
    assert [row["error"] for row in found] == [
        None,
        "out_channels: must be at least 1, got 0",
        "H has no value",
        f"macs is {large**3 * 9 * 8}, which is beyond 64 bits",
        f"in_channels: must be at most 2147483647, got {2**40}",
    ]


@pytest.mark.parametrize("type_", [pa.int8(), pa.uint8(), pa.uint16(), pa.int32(), pa.uint64()])
def test_integers_may_be_of_any_type(type_: pa.DataType) -> None:
    given = pa.RecordBatch.from_arrays([pa.array([64, None], type_)], names=["C"])
    assert [row["params"] for row in rows([given], K=3, O=8, columns=["params"])] == [9 * 64 * 8, None]


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (batch(C=[1.5]), {}, "C: must be whole numbers, got double"),
        (batch(C=["8"]), {}, "C: must be whole numbers, got string"),
        (batch(C=[8], macs=[1]), {}, "the table has a column 'macs' already: rename it, or leave it out of columns"),
        (
            batch(C=[8], error=["x"]),
            {},
            "the table has a column 'error' already: rename it, or leave it out of columns",
        ),
        (batch(A=[8]), {}, "missing C: a convolution has C, K and O (and H or size, for a map)"),
        (batch(C=[8]), {"columns": ["mcas"]}, "columns: there is no 'mcas'; did you mean `macs`?"),
    ],
)
def test_what_is_wrong_with_all_rows_is_an_error(given: Any, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as raised:
        rows([given], K=3, O=8, **asked)
    assert str(raised.value) == message


def test_the_function_is_pickled_with_its_arguments_and_needs_numpy_and_pyarrow_alone() -> None:
    function = pickle.dumps(partial(cost_batches, K=3, O=8, columns=["params"]))
    code = f"""
import sys
for name in ("filelock", "jinja2", "narwhals", "polars", "pydantic", "rich", "torch", "typer", "yaml"):
    sys.modules[name] = None
import pickle, pyarrow
function = pickle.loads({function!r})
print(next(function([pyarrow.RecordBatch.from_pydict({{"C": [4]}})])).to_pylist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("[{'C': 4, 'params': 288, 'error': None}]\n", "")


def test_duckdb_gives_batches_and_takes_them() -> None:
    asked = duckdb.from_query("SELECT 56 AS H, 64 AS C, 3 AS K, range * 64 AS O FROM range(1, 5001)")
    assert asked is not None
    costed = list(cost_batches(asked.to_arrow_reader(1000), columns=["macs"]))
    assert len(costed) > 1
    found = pa.Table.from_batches(costed)
    total = duckdb.from_arrow(found).sum("macs").fetchall()[0][0]
    assert total == 56 * 56 * 9 * 64 * 64 * sum(range(1, 5001))


def test_networks_are_rows_of_their_totals() -> None:
    vgg16 = (ROOT / "configs" / "vgg16.yaml").read_text(encoding="utf-8")
    earlier = sepcost("compare", "configs/mobilenet_v1.yaml", "--format", "json").out
    texts = [
        vgg16,
        "layers: [{K: 0}]",
        None,
        earlier,
        "/etc/passwd",
        "model: torchvision.models:resnet18\ninput: 3x8x8",
    ]
    given = batch(id=list(range(len(texts))), text=texts)
    found = [row for each in network_batches([given], columns=["params", "macs"]) for row in each.to_pylist()]
    assert [(row["id"], row["network"], row["macs"]) for row in found] == [
        (0, "VGG-16", 15_470_264_320),
        (1, None, None),
        (2, None, None),
        (3, "MobileNet v1", 4_867_293_184),
        (4, None, None),
        (5, None, None),
    ]  # fmt: skip
    assert [bool(row["error"]) for row in found] == [False, True, True, False, True, True]
    assert found[5]["error"].startswith("network:1:8: model: names code to run")


def test_several_networks_and_replacements_are_several_rows() -> None:
    text = "name: a\nlayers: [{H: 8, C: 3, K: 3, O: 8}]\n---\nname: b\nlayers: [{H: 8, C: 3, K: 5, O: 8}]"
    both = ["separable", "blueprint"]
    (found,) = network_batches([batch(text=[text])], replacements=both, columns=["reduction.macs"])
    assert [(row["network"], row["replacement"]) for row in found.to_pylist()] == [
        ("a", "separable"), ("a", "blueprint"), ("b", "separable"), ("b", "blueprint"),
    ]  # fmt: skip


def test_a_total_beyond_64_bits_is_an_error() -> None:
    large = 2**31 - 1
    text = f"layers: [{{H: {large}, C: {large}, K: 3, O: 8}}]"
    (found,) = network_batches([batch(text=[text])], columns=["macs"])
    (row,) = found.to_pylist()
    assert (row["macs"], row["error"]) == (None, f"macs is {large**3 * 72}, which is beyond 64 bits")
