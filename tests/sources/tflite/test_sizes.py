"""TensorFlow Lite models whose sizes are open: what follows from those that are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import sepcost
from sepcost.errors import SepcostError
from tests.commands import sepcost as command
from tests.sources.programs import totals
from tests.sources.tflite.files import DENSE, VALID, File, Load, open_file


@pytest.mark.parametrize(("height", "width"), [(64, 48), (32, 32), (15, 21)])
def test_at_other_sizes(height: int, width: int, load: Load) -> None:
    network = load(*open_file(), inputs=f"serving_default_x:0={height}x{width}x3")
    down = -(-height // 2), -(-width // 2)
    macs = [8 * 27 * down[0] * down[1], 0, 8 * 4 * 4 * down[0] * down[1]]
    assert [node.cost.macs for node in network] == macs
    assert network.given == f"serving_default_x:0={height}x{width}x3"
    assert network.dtype == "float32"  # what the size is calculated of is no map
    twice = load(*open_file(), inputs=f"2x{height}x{width}x3")
    assert [node.cost.macs for node in twice] == [2 * each for each in macs]


def test_a_size_that_is_a_placeholder_is_asked_for(tmp_path: Path) -> None:
    file, *ends = open_file()
    run = command("compare", str(file.saved(tmp_path / "net.tflite", *ends)))
    said = "axis 1 of serving_default_x:0 is not known: give --input serving_default_x:0=224x224x3"
    assert (run.code, run.out, run.err) == (2, "", f"{tmp_path / 'net.tflite'}: {said}\n")


def test_another_open_size_is_that_of_the_file_unless_it_is_given(load: Load) -> None:
    usual = load(*open_file(shape=(1, 20, 30, 3)))
    assert usual.given == "serving_default_x:0=20x30x3"
    assert totals(load(*open_file(shape=(1, 20, 30, 3)), inputs="15x21x3")) == totals(
        load(*open_file(), inputs="15x21x3")
    )


def test_positions_that_the_file_leaves_open_are_counted(load: Load) -> None:
    """With an open batch, the file has 1 for batch × positions."""
    file = File()
    x = file.tensor(-1, 10, 4, name="x")
    rows = file.run("RESHAPE", [x, file.numbers(-1, 4)], file.tensor(-1, 4), options="Reshape")
    y = file.run("FULLY_CONNECTED", [rows, file.weight(8, 4), -1], file.tensor(-1, 8), **DENSE)
    assert totals(load(file, [x], [y])) == (320, 32)


Rule = tuple[str, Sequence[int], Callable[[File], Sequence[int]], str, dict[str, Any], Sequence[int]]
RULES: list[Rule] = [
    ("ADD", (2, 5, 6, 4), lambda file: [file.weight(1, 6, 1)], "Add", {}, (2, 5, 6, 4)),
    ("CONCATENATION", (2, 5, 6), lambda file: [file.weight(2, 3, 6)], "Concatenation", {"Axis": 1}, (2, 8, 6)),
    ("DEPTH_TO_SPACE", (1, 2, 3, 8), lambda file: [], "DepthToSpace", {"BlockSize": 2}, (1, 4, 6, 2)),
    ("EXPAND_DIMS", (2, 5, 6), lambda file: [file.numbers(1)], "ExpandDims", {}, (2, 1, 5, 6)),
    ("GATHER", (2, 5, 6), lambda file: [file.numbers(0, 3, 3, 4)], "Gather", {"Axis": 1}, (2, 4, 6)),
    ("MEAN", (2, 5, 6), lambda file: [file.numbers(1)], "Reducer", {}, (2, 6)),
    ("SUM", (2, 5, 6), lambda file: [file.numbers(-2)], "Reducer", {"KeepDims": True}, (2, 1, 6)),
    ("PACK", (2, 5, 6), lambda file: [file.weight(2, 5, 6)], "Pack", {"Axis": 1}, (2, 2, 5, 6)),
    ("PAD", (2, 5, 6), lambda file: [file.numbers([[0, 0], [1, 2], [0, 3]])], "Pad", {}, (2, 8, 9)),
    ("RESHAPE", (2, 6, 6), lambda file: [], "Reshape", {"NewShape": [-1, 9]}, (8, 9)),
    ("SLICE", (2, 5, 6), lambda file: [file.numbers(0, 1, 2), file.numbers(1, 3, -1)], "Slice", {}, (1, 3, 4)),
    ("SPACE_TO_DEPTH", (1, 4, 6, 2), lambda file: [], "SpaceToDepth", {"BlockSize": 2}, (1, 2, 3, 8)),
    ("SQUEEZE", (1, 5, 1, 6), lambda file: [], "Squeeze", {"SqueezeDims": [0, 2]}, (5, 6)),
    (
        "STRIDED_SLICE", (2, 9, 6), lambda file: [file.numbers(1, 8, 0), file.numbers(2, 0, 0), file.numbers(1, -2, 1)],
        "StridedSlice", {"ShrinkAxisMask": 1, "EndMask": 4}, (4, 6),
    ),
    (
        "STRIDED_SLICE", (2, 9, 6), lambda file: [file.numbers(0, 3, 1), file.numbers(2, 4, 3), file.numbers(1, 1, 1)],
        "StridedSlice", {"Offset": True}, (2, 4, 3),
    ),
    (
        "FULLY_CONNECTED", (2, 9, 6), lambda file: [file.weight(4, 6), -1],
        "FullyConnected", {"KeepNumDims": True}, (2, 9, 4),
    ),
    ("BATCH_MATMUL", (1, 9, 6), lambda file: [file.weight(3, 4, 6)], "BatchMatMul", {"AdjY": True}, (3, 9, 4)),
    ("TILE", (2, 5, 6), lambda file: [file.numbers(1, 1, 3)], "Tile", {}, (2, 5, 18)),
    ("TRANSPOSE", (2, 5, 6), lambda file: [file.numbers(0, 2, 1)], "Transpose", {}, (2, 6, 5)),
    (
        "AVERAGE_POOL_2D", (2, 9, 7, 4), lambda file: [], "Pool2D",
        {"FilterHeight": 3, "FilterWidth": 2, "StrideH": 2, "StrideW": 3, "Padding": VALID}, (2, 4, 2, 4),
    ),
    (
        "CONV_2D", (2, 9, 7, 4), lambda file: [file.weight(8, 3, 3, 4), -1], "Conv2D",
        {"StrideH": 2, "StrideW": 1, "DilationWFactor": 2, "Padding": VALID}, (2, 4, 3, 8),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "shape", "more", "options", "fields", "made"), RULES)
def test_shapes_follow(kind: str, shape: Any, more: Any, options: str, fields: Any, made: Any, load: Load) -> None:
    """A linear layer with one output at the end has a MAC for each number that reaches it, all axes turned."""
    file = File()
    x = file.tensor(*[-1] * len(shape), name="x")
    y = file.run(kind, [x, *more(file)], file.tensor(*[-1] * len(made)), options=options, **fields)
    order = file.numbers(range(len(made))[::-1])
    turned = file.run("TRANSPOSE", [y, order], file.tensor(*[-1] * len(made)), options="Transpose")
    z = file.run("FULLY_CONNECTED", [turned, file.weight(1, made[0]), -1], file.tensor(-1, 1), **DENSE)
    network = load(file, [x], [z], inputs=f"x={'x'.join(map(str, shape))}")
    last = [node for node in network if node.name != "remainder"][-1]
    assert last.cost.macs == torch.Size(made).numel()
    assert not network.uncounted


@pytest.mark.parametrize(
    ("kind", "reads", "options", "fields", "made"),
    [
        ("SPLIT", lambda file, x: [file.numbers(2), x], "Split", {}, [(3, 4, 2), (3, 4, 2), (3, 4, 2)]),
        (
            "SPLIT_V", lambda file, x: [x, file.numbers(2, 4), file.numbers(2)], "SplitV", {}, [(3, 4, 2), (3, 4, 4)],
        ),
        ("SPLIT_V", lambda file, x: [x, file.numbers(-1, 4), file.numbers(2)], "SplitV", {}, [(3, 4, 2), (3, 4, 4)]),
        ("UNPACK", lambda file, x: [x], "Unpack", {"Axis": 1}, [(3, 6)] * 4),
    ],
)  # fmt: skip
def test_shapes_of_several_results(kind: str, reads: Any, options: str, fields: Any, made: Any, load: Load) -> None:
    file = File()
    x = file.tensor(-1, 4, 6, name="x")
    results = [file.tensor(*[-1] * len(shape)) for shape in made]
    file.run(kind, reads(file, x), *results, options=options, **fields)
    dense = [file.weight(1, shape[-1]) for shape in made]
    outputs = [
        file.run("FULLY_CONNECTED", [result, weight, -1], file.tensor(-1, 1), **DENSE)
        for result, weight in zip(results, dense)
    ]
    network = load(file, [x], outputs, inputs="x=3x4x6")
    assert [node.cost.macs for node in network] == [torch.Size(shape).numel() for shape in made]


def test_sizes_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    file = File()
    x = file.tensor(-1, -1, -1, 3, name="x")
    flat = file.run("RESHAPE", [x, file.numbers(-1, 192)], file.tensor(-1, 192), options="Reshape")
    y = file.run("FULLY_CONNECTED", [flat, file.weight(2, 192), -1], file.tensor(-1, 2), **DENSE)
    path = file.saved(tmp_path / "net.tflite", [x], [y])
    assert totals(sepcost.load(path, inputs="8x8x3"))[0] == 384
    run = command("compare", str(path), "--input", "9x8x3")
    assert (run.code, run.err) == (2, f"{path}: RESHAPE cannot read 1×9×8×3: give other sizes of the inputs\n")


def test_a_size_below_zero_is_one_line(tmp_path: Path) -> None:
    file = File()
    x = file.tensor(-1, -1, name="x")
    less = file.run("PAD", [x, file.numbers([[0, 0], [-9, 0]])], file.tensor(-1, -1), options="Pad")
    y = file.run("FULLY_CONNECTED", [less, file.weight(2, 4), -1], file.tensor(-1, 2), **DENSE)
    run = command("compare", str(file.saved(tmp_path / "net.tflite", [x], [y])), "--input", "x=1x4")
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("PAD cannot read 1×4: give other sizes of the inputs\n")


HUGE = 2**61 + 1
"""8 times this is 8 in 64 bits."""


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("TILE", [1, HUGE]), ("TILE", [1]), ("PAD", [[0, 0], [0, 2**31]]), ("PAD", [[2**31 - 2, 0], [2**31 - 9, 0]])],
)
def test_a_size_above_all_others_is_one_line(kind: str, numbers: Any, tmp_path: Path) -> None:
    file = File()
    x = file.tensor(-1, 8, name="x")
    many = file.numbers(numbers, dtype="int64")
    large = file.run(kind, [x, many], file.tensor(-1, -1), options="Tile" if kind == "TILE" else "Pad")
    rows = file.run("TILE", [large, file.numbers(4, 1)], file.tensor(-1, -1), options="Tile")
    y = file.run("FULLY_CONNECTED", [rows, file.weight(4, 8), -1], file.tensor(-1, 4), **DENSE)
    run = command("compare", str(file.saved(tmp_path / "net.tflite", [x], [y])))
    assert (run.code, run.out, len(run.err.splitlines())) == (2, "", 1)
    assert " cannot read " in run.err


def test_a_map_of_too_many_elements_is_one_line(load: Load) -> None:
    with pytest.raises(SepcostError, match="CONV_2D cannot read 1×2147483647×2147483647×3 and "):
        load(*open_file(), inputs=f"{2**31 - 1}x{2**31 - 1}x3")


@pytest.mark.parametrize(
    ("kind", "reads", "options"),
    [
        ("MUL", [[8, 8], [HUGE, HUGE]], "Mul"),
        ("ADD", [[-(2**63), 8], [2**62, 0]], "Add"),
        ("SUB", [[-(2**31), 8], [2**31 - 9, 0]], "Sub"),
        ("CAST", [[2**32 + 8, 8]], "Cast"),
        ("REDUCE_PROD", [[[2**31 - 1] * 4 + [2**16] * 4] * 2, [1]], "Reducer"),
    ],
)
def test_numbers_that_no_size_has_are_not_known(kind: str, reads: Any, options: str, load: Load) -> None:
    """In 64 or 32 bits these are small numbers."""
    file = File()
    x = file.tensor(-1, 8, name="x")
    numbers = [file.numbers(each, dtype="int64") for each in reads]
    size = file.run(kind, numbers, file.tensor(2, dtype="int32"), options=options)
    many = file.run("MAXIMUM", [size, file.numbers(1, 1)], file.tensor(2, dtype="int32"))
    large = file.run("TILE", [x, many], file.tensor(-1, -1), options="Tile")
    y = file.run("FULLY_CONNECTED", [large, file.weight(4, 8), -1], file.tensor(-1, 4), **DENSE)
    z = file.run("FULLY_CONNECTED", [x, file.weight(4, 8), -1], file.tensor(-1, 4), **DENSE)
    network = load(file, [x], [y, z])
    assert (network.uncounted, totals(network)[0]) == ({"FULLY_CONNECTED": 1}, 32)


def test_what_depends_on_values_is_not_counted(load: Load) -> None:
    file = File()
    x = file.tensor(1, 10, 4, name="x")
    first = file.conv(file.run("RESHAPE", [x], file.tensor(1, 1, 10, 4)), (2, 1, 1, 4), 1, 1, 10, 2)
    places = file.run("WHERE", [x], file.tensor(-1, 3, dtype="int64"))
    some = file.run("GATHER_ND", [x, places], file.tensor(-1, 4))
    y = file.run("FULLY_CONNECTED", [some, file.weight(8, 4, name="late/MatMul"), -1], file.tensor(-1, 8), **DENSE)
    network = load(file, [x], [first, y])
    assert network.uncounted == {"FULLY_CONNECTED": 1}
    assert totals(network)[0] == 80
