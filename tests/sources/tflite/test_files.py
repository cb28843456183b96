"""TensorFlow Lite files: what cannot be counted is listed, what is damaged is refused in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sepcost
from tests.commands import sepcost as command
from tests.sources.programs import assert_counted_or_refused, measured, spoiled, totals
from tests.sources.tflite.files import DENSE, File, Load, open_file, small_network


@pytest.mark.parametrize(
    ("kind", "inner", "uncounted"),
    [
        ("FlexConv3D", [], {"custom FlexConv3D": 1}),
        ("TFLite_Detection_PostProcess", [], {}),
        ("RFFT2D", [], {"RFFT2D": 1}),
        ("STABLEHLO_DOT_GENERAL", [], {"STABLEHLO_DOT_GENERAL": 1}),
        ("STABLEHLO_ADD", [], {}),
        ("WHILE", ["CONV_2D", "ADD"], {"WHILE": 1}),
        ("WHILE", ["LESS", "ADD"], {}),
        ("WHILE", [], {"WHILE": 1}),
    ],
)
def test_operators_that_may_have_products(kind: str, inner: list[str], uncounted: Any, load: Load) -> None:
    file = File()
    x = file.tensor(1, 4, 4, 3)
    file.inner = [[{"kind": each, "reads": [], "makes": [], "options": ""} for each in inner]]
    options: dict[str, Any] = (
        {"options": "While", "CondSubgraphIndex": 1, "BodySubgraphIndex": 1} if kind == "WHILE" else {}
    )
    y = file.conv(file.run(kind, [x], file.tensor(1, 4, 4, 3), **options), (2, 1, 1, 3), 1, 4, 4, 2)
    network = load(file, [x], [y])
    assert network.uncounted == uncounted
    assert totals(network) == (96, 8)


@pytest.mark.parametrize(
    ("inner", "names", "uncounted"),
    [
        (["CONV_2D", "ADD"], {1: "decode"}, {"graph decode": 1}),
        (["FlexConv3D"], {}, {"graph 1": 1}),
        (["RESHAPE", "ADD"], {1: "decode"}, {}),
        ([], {}, {}),
        (["RFFT2D"], {1: "de\ncode"}, {"graph de code": 1}),
    ],
)
def test_graphs_that_no_operator_calls(inner: list[str], names: Any, uncounted: Any, tmp_path: Path) -> None:
    """A file of several signatures has a graph for each."""
    file = File()
    x = file.tensor(1, 4, 4, 3)
    file.inner = [[{"kind": each, "reads": [], "makes": [], "options": ""} for each in inner]]
    file.names = names
    path = file.saved(tmp_path / "net.tflite", [x], [file.conv(x, (2, 1, 1, 3), 1, 4, 4, 2)])
    network = sepcost.load(path)
    assert (network.uncounted, totals(network)) == (uncounted, (96, 8))
    assert command("check", str(path), "--max-macs", "1k").code == (2 if uncounted else 0)


def test_weights_in_variables_are_not_counted(load: Load) -> None:
    file = File()
    x, handle = file.tensor(1, 4), file.tensor(dtype="resource")
    file.run("VAR_HANDLE", [], handle, options="VarHandle")
    y = file.run(
        "FULLY_CONNECTED", [x, file.run("READ_VARIABLE", [handle], file.tensor(3, 4)), -1], file.tensor(1, 3), **DENSE
    )
    network = load(file, [x], [y])
    assert (network.uncounted, totals(network)) == ({"READ_VARIABLE": 1}, (12, 0))


def row(*reads: int, shape: Sequence[int] = (1, 4), again: int | None = None) -> tuple[File, list[int], list[int]]:
    """Operators in a row: what else the first one reads, and what a last one makes again."""
    file = File()
    x, one, two = file.tensor(*shape), file.tensor(1, 4), file.tensor(1, 4)
    file.run("ADD", [x, *reads], one)
    file.run("FULLY_CONNECTED", [one, file.weight(4, 4), -1], two, **DENSE)
    if again is not None:
        file.run("RELU", [two], again)
    return file, [x], [two]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (row(2), "its operators are not in order: ADD reads tensor "),
        (row(1), "its operators are not in order: ADD reads tensor "),
        (row(again=1), "its operators are not in order: RELU makes tensor 1 again"),
        (row(again=0), "its operators are not in order: RELU makes tensor 0 again"),
        (row(9), "its ADD names tensor 9, and there are 4"),
        (row(-7), "its ADD names tensor -7, and there are 4"),
        (row(shape=(1, -4)), "has a tensor of the shape [1, -4]"),
        (row(shape=(1,) * 40), "has a tensor of the shape [1, 1, 1"),
        ((File(), [], []), "has nothing that can be counted"),
    ],
)
def test_what_is_no_program_is_one_line(wrong: Any, said: str, tmp_path: Path) -> None:
    file, *ends = wrong
    run = command("compare", str(file.saved(tmp_path / "net.tflite", *ends)))
    assert (run.code, run.out, len(run.err.splitlines())) == (2, "", 1)
    assert said in run.err


def test_absurd_sizes_are_exact(load: Load) -> None:
    largest = 2**31 - 1
    file = File()
    x = file.tensor(largest, largest, largest, 3)
    y = file.conv(x, (8, 1, 1, 3), largest, largest, largest, 8)
    assert totals(load(file, [x], [y]))[0] == largest**3 * 24


def test_a_weight_that_is_cut_off_is_said(tmp_path: Path) -> None:
    file = File()
    x = file.tensor(1, 4)
    weight = file.tensor(4, 4, name="w", data=bytes(60))
    y = file.run("FULLY_CONNECTED", [x, weight, -1], file.tensor(1, 4), **DENSE)
    run = command("compare", str(file.saved(tmp_path / "net.tflite", [x], [y])))
    assert (run.code, run.err) == (2, f"{tmp_path / 'net.tflite'}: has 60 bytes of w, whose shape is [4, 4]\n")


def test_a_large_graph_needs_a_limit_of_its_own(tmp_path: Path) -> None:
    file, *ends = small_network("float32")
    path = str(file.saved(tmp_path / "net.tflite", *ends))
    run = command("compare", path, "--graph-limit", "1kB")
    assert (run.code, run.err) == (
        2,
        f"{path}: its graph is larger than the limit, 1,000 bytes: --graph-limit 1MiB reads more\n",
    )
    assert command("compare", path, "--graph-limit", "10kB").code == 0
    file, *ends = row(*[0] * 2000)
    path = str(file.saved(tmp_path / "net.tflite", *ends))
    assert command("compare", path, "--graph-limit", "5kB").code == 2
    assert command("compare", path, "--graph-limit", "20kB").code == 0


def crowded(kind: str) -> tuple[File, list[int], list[int]]:
    """A convolution, and an operator that reads or makes one small constant a million times."""
    file, many = File(), 1_030_000
    x = file.tensor(1, 8, 8, 3)
    y = file.conv(x, (4, 1, 1, 3), 1, 8, 8, 4)
    numbers, made = file.numbers(*range(64), dtype="int64"), file.tensor(-1, 0)
    if kind == "SPLIT":
        none = file.run("SLICE", [x, file.numbers(0, 0), file.numbers(0, 0)], file.tensor(-1, 0))
        file.run("SPLIT", [file.numbers([0]), none], *[made] * many, options="Split", NumSplits=many)
    else:
        file.run(kind, [numbers] * many, made, options="Concatenation" if kind == "CONCATENATION" else "Pack")
    return file, [x], [y]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process had at most")
@pytest.mark.parametrize("kind", ["CONCATENATION", "PACK", "SPLIT"])
def test_an_operator_with_a_million_tensors_takes_no_gigabyte(kind: str, tmp_path: Path) -> None:
    file, *ends = crowded(kind)
    found = measured(file.saved(tmp_path / "net.tflite", *ends))
    assert found.totals == [4 * 3 * 64, 4 * 3 + 4]
    assert found.kilobytes < 300_000


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x20\0\0\0TFL3", b"version https://git-lfs.github.com/spec/v1\n"])
def test_what_is_no_model(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(data)
    run = command("compare", str(path))
    assert (run.code, run.out, len(run.err.splitlines())) == (2, "", 1)


def test_corrupt_files_are_counted_or_refused(tmp_path: Path) -> None:
    file, *ends = open_file(shape=(1, 20, 30, 3))
    path = file.saved(tmp_path / "net.tflite", *ends)
    whole = path.read_bytes()
    for number in range(300):
        path.write_bytes(spoiled(whole, number))
        assert_counted_or_refused(path)


def test_commands_take_models(tmp_path: Path) -> None:
    files = {
        dtype: str(small_network(dtype)[0].saved(tmp_path / f"{dtype}.tflite", [0], [9]))
        for dtype in ("float32", "int8")
    }
    one, other = files.values()
    assert command("check", one, "--max-macs", "1M").code == 0
    assert command("check", one, "--max-macs", "1k").code == 1
    assert "MACs" in command("diff", one, other).out
    (tmp_path / "net.yaml").write_text(command("compare", one, "--format", "yaml").out)
    assert totals(sepcost.load(tmp_path / "net.yaml")) == totals(sepcost.load(one))


def test_without_torch(tmp_path: Path) -> None:
    file, *ends = small_network("float32")
    code = (
        "import sys\n"
        "import sepcost\n"
        "print(len(sepcost.load(sys.argv[1]).nodes), 'torch' in sys.modules, 'onnx' in sys.modules)"
    )
    path = str(file.saved(tmp_path / "net.tflite", *ends))
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("4 False False\n", "")
