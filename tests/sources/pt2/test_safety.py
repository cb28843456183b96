"""Files of strangers: what would take long, or much memory, is refused before it does."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile

import pytest
import torch
from torch import nn

import sepcost
from sepcost.errors import SepcostError
from tests.sources.programs import assert_counted_or_refused
from tests.sources.pt2.test_pt2 import rewritten, saved

TOO_LARGE = "its graph is larger than the limit, 8,388,608 bytes"
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def conv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("pt2") / "conv.pt2", nn.Conv2d(3, 8, 3), (torch.zeros(1, 3, 9, 9),))


def test_a_directory_of_many_entries(tmp_path: Path) -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 400_000 * len(entry), 0, 0)
    (tmp_path / "net.pt2").write_bytes(entry * 400_000 + end)
    with pytest.raises(SepcostError, match=TOO_LARGE):
        sepcost.load(tmp_path / "net.pt2")


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_what_zipfile_unpacks_without_a_bound(method: int, conv: Path, tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    with ZipFile(file, "w", method) as new, ZipFile(conv) as old:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(SepcostError, match=f"model.json is compressed by method {method}"):
        sepcost.load(file)


def graph(program: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = program["graph_module"]["graph"]
    return found


def sized(program: dict[str, Any], *texts: str, of: str = "conv2d") -> dict[str, Any]:
    graph(program)["tensor_values"][of]["sizes"] = [{"as_expr": {"expr_str": text, "hint": None}} for text in texts]
    return program


def many_nodes(program: dict[str, Any]) -> dict[str, Any]:
    node = {**graph(program)["nodes"][0], "metadata": {}}
    graph(program)["nodes"] = [node] * 20_000
    return program


def computed_kernels(program: dict[str, Any], kernel: str) -> dict[str, Any]:
    """As many convolutions with this kernel, which is a weight or made of one, as there are other weights."""
    data, specs, many = graph(program), program["graph_module"]["signature"]["input_specs"], 2050
    weight, node = data["tensor_values"]["p_weight"], {**data["nodes"][0], "metadata": {}}
    data["tensor_values"] |= {f"p{number}": weight for number in range(many)} | {"kernel": weight}
    specs += [{"parameter": {"arg": {"name": f"p{n}"}, "parameter_name": f"other.{n}"}} for n in range(many)]
    node["inputs"][1]["arg"]["as_tensor"]["name"] = kernel
    node["metadata"] = {"nn_module_stack": "_,conv,torch.nn.Conv2d"}
    made = {
        "target": "torch.ops.aten.neg.default", "outputs": [{"as_tensor": {"name": "kernel"}}], "metadata": {},
        "inputs": [{"name": "self", "arg": {"as_tensor": {"name": "p_weight"}}, "kind": 1}],
    }  # fmt: skip
    data["nodes"] = [made, *[node] * many]
    return program


def test_kernels_that_are_weights_are_not_looked_up(conv: Path, tmp_path: Path) -> None:
    file = rewritten(conv, tmp_path / "net.pt2", lambda program: computed_kernels(program, "p_weight"))
    assert sepcost.load(file).nodes


@pytest.mark.parametrize("text", ["Integer(" + "a" * 300_000, "Symbol('" + "a" * 300_000, "Integer(" * 40_000])
def test_a_long_size_in_a_message_takes_no_time(text: str, conv: Path, tmp_path: Path) -> None:
    def change(program: dict[str, Any]) -> dict[str, Any]:
        graph(program)["tensor_values"]["input"]["sizes"][0] = {"as_expr": {"expr_str": text, "hint": None}}
        return program

    file = rewritten(conv, tmp_path / "net.pt2", change)
    assert_counted_or_refused(file)
    with pytest.raises(SepcostError, match=r"axis 0 of input was exported as .* which is never 1"):
        sepcost.load(file)


@pytest.mark.parametrize("text", [" " * 300_000, "'" * 300_001, "1e-" * 100_000, "a." * 150_000, "1 " * 150_000])
def test_a_long_guard_takes_no_time(text: str, conv: Path, tmp_path: Path) -> None:
    assert_counted_or_refused(rewritten(conv, tmp_path / "net.pt2", lambda program: program | {"guards_code": [text]}))


@pytest.mark.parametrize(
    "text", ["L[0]" * 70_000, "L" + "['a']" * 60_000, "L['" + "a" * 300_000, "L[0].size()[" * 30_000]
)
def test_a_long_name_in_a_guard_takes_no_time(text: str, conv: Path, tmp_path: Path) -> None:
    assert_counted_or_refused(
        rewritten(conv, tmp_path / "net.pt2", lambda program: program | {"guards_code": [f"{text} < 7 and 1 == 2"]})
    )


@pytest.mark.parametrize("kind", ["_" * 300_000, "a_" * 150_000, "conv_" * 60_000])
def test_a_long_name_of_an_operator_takes_no_time(kind: str, conv: Path, tmp_path: Path) -> None:
    def change(program: dict[str, Any]) -> dict[str, Any]:
        graph(program)["nodes"].insert(0, {**graph(program)["nodes"][0], "target": f"torch.ops.aten.{kind}.default"})
        return program

    assert_counted_or_refused(rewritten(conv, tmp_path / "net.pt2", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda program: b"[" + b"[]," * 2_000_000 + b"0]",
        lambda program: b"[" + (b'{"":' * 300 + b"0" + b"}" * 300 + b",") * 3000 + b"0]",
        lambda program: sized(program, *(f"Add({'1,' * 1000}{number})" for number in range(300))),
        lambda program: program | {"guards_code": ["1+" * 300_000 + "1 == 7"]},
        many_nodes,
        lambda program: computed_kernels(program, "kernel"),
    ],
)
def test_what_takes_more_than_its_bytes(change: Change, conv: Path, tmp_path: Path) -> None:
    with pytest.raises(SepcostError, match=TOO_LARGE):
        sepcost.load(rewritten(conv, tmp_path / "net.pt2", change))


def test_an_expression_is_calculated_once(conv: Path, tmp_path: Path) -> None:
    def change(program: dict[str, Any]) -> dict[str, Any]:
        text = f"Add({'0,' * 9000}1)"
        node = graph(program)["nodes"][0]
        graph(program)["nodes"] = [node] * 2000
        return sized(program, text, "Integer(8)", "Integer(7)", "Integer(7)")

    assert_counted_or_refused(rewritten(conv, tmp_path / "net.pt2", change))


@pytest.mark.parametrize(
    "text",
    [
        "Pow(" * 8 + "Rational(1,9999999999)" + ",Integer(64))" * 8,
        "Add(" + ",".join(f"Rational(1,{10**30 + number})" for number in range(5000)) + ")",
        "-" * 100_000, "(" * 100_000, "not " * 50_000, "Add(1", "Add(1))", "Symbol('a'b')", "Integer(1) Integer(1)", "",
    ],
)  # fmt: skip
def test_expressions_that_cannot_be_calculated(text: str, conv: Path, tmp_path: Path) -> None:
    assert_counted_or_refused(rewritten(conv, tmp_path / "net.pt2", lambda program: sized(program, text)))


@pytest.mark.parametrize("sizes", [[1] * 30_000, [10**30], [-1]])
def test_tensors_that_cannot_be(sizes: list[int], conv: Path, tmp_path: Path) -> None:
    def change(program: dict[str, Any]) -> dict[str, Any]:
        lies = [{"as_int": size} for size in sizes]
        graph(program)["tensor_values"]["conv2d"] |= {"sizes": lies, "strides": lies}
        return program

    file = rewritten(conv, tmp_path / "net.pt2", change)
    assert_counted_or_refused(file)
    with pytest.raises(SepcostError, match="the tensor conv2d has the size"):
        sepcost.load(file)


def test_torchscript_is_named(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "net.pt2", "w") as archive:
        archive.writestr("net/code/__torch__.py", "")
    with pytest.raises(SepcostError, match=r"is TorchScript: torch.onnx.export\(torch.jit.load\(FILE\), inputs, "):
        sepcost.load(tmp_path / "net.pt2")


WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    "",
    "x",
    [],
    {},
    [[]],
    {"as_int": 10**30},
    {"as_expr": {"expr_str": "x"}},
)


def test_json_with_other_values(conv: Path, tmp_path: Path) -> None:
    """Each value of the JSON in turn is another, or is missing."""

    def places(value: Any) -> list[tuple[Any, Any]]:
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        return [place for key in keys for place in ((value, key), *places(value[key]))]

    def change(program: dict[str, Any], number: int) -> dict[str, Any]:
        holder, key = places(program)[number]
        if number % 12 == 11:
            del holder[key]
        else:
            holder[key] = WRONG[number % 12]
        return program

    with ZipFile(conv) as archive:
        many = len(places(json.loads(archive.read("conv/models/model.json"))))
    for number in range(many):
        file = rewritten(conv, tmp_path / "net.pt2", lambda program, number=number: change(program, number))  # type: ignore[misc]
        assert_counted_or_refused(file)


def without_specification(program: dict[str, Any]) -> dict[str, Any]:
    program["graph_module"]["signature"]["input_specs"][0] = {}
    return program


def with_a_text_as_hint(program: dict[str, Any]) -> dict[str, Any]:
    hint = {"as_expr": {"expr_str": "Symbol('s1')", "hint": {"as_int": "many " * 1000}}}
    graph(program)["tensor_values"]["input"]["sizes"][2] = hint
    return program


@pytest.mark.parametrize("change", [without_specification, with_a_text_as_hint])
def test_what_else_is_not_as_export_writes_it(change: Change, conv: Path, tmp_path: Path) -> None:
    assert_counted_or_refused(rewritten(conv, tmp_path / "net.pt2", change))
