"""The blocks against their papers' formulas, and functions that users bring along."""

from __future__ import annotations

import json
import re
from math import ceil, prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sepcost import Conv, ReplacementError, compare
from sepcost.blocks.replacements import REPLACEMENTS, Replacement
from sepcost.sheets.replacement_list import descriptions
from tests.commands import sepcost

OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "separable": {"multiplier": st.integers(1, 5)},
    "blueprint": {"multiplier": st.integers(1, 5)},
    "blueprint_subspace": {"ratio": st.sampled_from(["0.25", "0.5", "0.1", "1"])},
    "grouped": {"groups": st.integers(1, 4), "pointwise": st.sampled_from(["true", "false"])},
    "bottleneck": {"ratio": st.integers(1, 5)},
    "inverted": {"expansion": st.integers(1, 6)},
    "spatial": {},
}
"""Options to draw for each replacement; every replacement has to be here."""


def macs_by_formula(formula: str, conv: Conv, name: str, options: dict[str, Any]) -> int:
    """A documented formula with numbers in place, evaluated by Python."""
    (height, width), (out_height, out_width) = conv.input_size, conv.output_size
    channels, outputs = conv.in_channels, conv.out_channels
    hidden = {
        "blueprint_subspace": min(channels, max(4, ceil(channels * float(options.get("ratio", 0.25)) - 1e-9))),
        "bottleneck": max(1, outputs // options.get("ratio", 4) if name == "bottleneck" else 1),
    }
    values = {
        "HW'": out_height * out_width,
        "H'W": out_height * width,
        "HW": height * width,
        "C": channels,
        "O": outputs,
        "K": conv.kernel_size[0],
        "M": hidden.get(name, 0),
        "m": options.get("multiplier", 1),
        "e": options.get("expansion", 6),
        "g": options.get("groups", 2),
        "p": int(options.get("pointwise") == "true"),
    }
    text = formula.replace("·", "*").replace("²", "**2").replace("/", "//")
    text = re.sub(r"HW'|H'W|HW|[A-Za-z]", lambda match: str(values[match[0]]), text)
    return int(eval(text))


@given(st.data(), st.sampled_from(sorted(REPLACEMENTS)))
def test_macs_are_those_of_the_documented_formula(data: st.DataObject, name: str) -> None:
    formula = next(described.macs for described in descriptions() if described.name == name)
    small = st.integers(1, 20)
    conv = Conv(
        (data.draw(small), data.draw(small)),
        data.draw(small),
        data.draw(small),
        data.draw(st.integers(2, 5)),
        stride=data.draw(st.integers(1, 3)),
    )
    options = {key: data.draw(values) for key, values in OPTIONS[name].items()}
    text = f"{name}:{','.join(f'{key}={value}' for key, value in options.items())}" if options else name
    variant = compare(conv, text).layers[0].variants[text]
    assume(not variant.kept)
    assert variant.cost.macs == macs_by_formula(formula, conv, name, options)


def test_every_replacement_is_described() -> None:
    assert set(OPTIONS) == set(REPLACEMENTS)
    for described in descriptions():
        assert all(described), described
        assert "arXiv" in described.source


def test_a_replacement_that_does_not_take_a_convolution_keeps_it() -> None:
    layer = compare(Conv((8, 8), 3, 4, 3), ["grouped", "separable"]).layers[0]
    assert layer.variants["grouped"].kept == "2 groups do not divide its channels"
    assert layer.variants["grouped"].cost == layer.standard
    assert layer.kept is None
    assert compare(Conv((8,), 3, 4, 3), ["spatial"]).layers[0].kept == "its kernel has one axis only"


def test_spatial_gives_each_axis_what_is_its_own() -> None:
    conv = Conv((9, 10, 11), 2, 4, (3, 1, 5), stride=(2, 3, 1), padding=(1, 0, 2), dilation=(1, 1, 2))
    first, last = (part for _, part in Replacement.parse("spatial")(conv))
    assert (first.kernel_size, first.stride, first.padding) == ((3, 1, 1), (2, 3, 1), (1, 0, 0))
    assert (last.kernel_size, last.stride, last.padding, last.dilation) == ((1, 1, 5), (1, 1, 1), (0, 0, 2), (1, 1, 2))
    assert last.output_shape == conv.output_shape


BLOCKS = """
from sepcost import Conv

def narrow(conv, by=2, exact=True, share=0.5):
    hidden = max(1, conv.out_channels // by)
    first = Conv(conv.input_size, conv.in_channels, hidden, conv.kernel_size, stride=conv.stride)
    return [("first", first), ("second", Conv.pointwise(first.output_size, hidden, conv.out_channels))]

def nothing(conv): return None
def empty(conv): return []
def scalars(conv): return [conv]
def wrong_output(conv): return [("a", Conv(conv.input_size, conv.in_channels, 7, 3))]
def wrong_chain(conv): return [("a", conv), ("b", conv)]
def twice(conv): return [("a", conv), ("a", Conv.pointwise(conv.output_size, conv.out_channels, conv.out_channels))]
def leaves(conv): raise SystemExit(0)
def broken(conv): raise ValueError("not today")
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "myblocks.py").write_text(BLOCKS)
    (tmp_path / "fails.py").write_text("1 / 0")
    return tmp_path


def test_a_users_function_is_a_replacement_like_any_other(folder: Path) -> None:
    one = ("compare", "-H", "8", "-C", "3", "-K", "3", "-O", "4", "--format", "csv")
    run = sepcost(*one, "-r", "myblocks:narrow:by=4,exact=false,share=0.25", "-r", "separable", cwd=folder)
    assert (run.code, run.err) == (0, "")
    rows = [line.split(",") for line in run.out.splitlines()]
    assert 'conv,,part,conv,"myblocks:narrow:by=4' in run.out
    assert len(rows) > 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("myblocks:nothing", "myblocks:nothing must return (name, Conv) pairs, got None"),
        ("myblocks:empty", "myblocks:empty must return (name, Conv) pairs, got []"),
        ("myblocks:scalars", "myblocks:scalars must return (name, Conv) pairs, got Conv("),
        ("myblocks:wrong_output", "myblocks:wrong_output makes 7×8×8 out of 4×8×8"),
        ("myblocks:wrong_chain", "myblocks:wrong_chain: part 'b' takes 3×8×8, but 4×8×8 reaches it"),
        ("myblocks:twice", "myblocks:twice gives two parts the same name: a, a"),
        ("myblocks:broken", "myblocks:broken failed on Conv("),
        ("myblocks:leaves", "myblocks:leaves failed on Conv("),
        ("sys:exit", "sys:exit failed on Conv("),
        ("myblocks:number", "myblocks:number is no function, but 3"),
        ("myblocks:narow", "myblocks has nothing called 'narow'; did you mean `narrow`?"),
        ("myblocks:narrow:share=2", "myblocks:narrow: option share must be above 0 and at most 1, got 2"),
        ("myblocks:narrow:bye=2", "myblocks:narrow has no option 'bye'; did you mean `by`?"),
        ("nothere:narrow", "nothere cannot be imported: ModuleNotFoundError"),
        ("fails:narrow", "fails cannot be imported: ZeroDivisionError"),
        ("separabel:multiplier=2", "no replacement is called 'separabel'; did you mean `separable`?"),
    ],
)
def test_what_is_wrong_with_a_users_function_is_one_line(folder: Path, text: str, message: str) -> None:
    run = sepcost("compare", "-H", "8", "-C", "3", "-K", "3", "-O", "4", "-r", text, cwd=folder)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"sepcost: {message}")
    assert run.err.count("\n") == 1


def test_a_users_function_that_fails_on_one_network_leaves_the_json_whole(folder: Path) -> None:
    (folder / "picky.py").write_text(
        "from sepcost import Conv\ndef picky(conv):\n    assert conv.in_channels > 3\n    return [('a', conv)]\n"
    )
    nets = "- {H: 8, C: 4, K: 3, O: 4}\n---\n- {H: 8, C: 3, K: 3, O: 4}\n---\n- {H: 8, C: 5, K: 3, O: 4}\n"
    run = sepcost("compare", "-", "-r", "picky:picky", "--format", "json", cwd=folder, stdin=nets)
    assert run.code == 2
    assert len(json.loads(run.out)["networks"]) == 2
    assert run.err.startswith("<stdin>: picky:picky failed on Conv(")


def test_a_config_cannot_have_code_run(folder: Path) -> None:
    (folder / "net.yaml").write_text("replace: ['fails:narrow']\ninput: {C: 3, H: 8}\nlayers: [{K: 3, O: 4}]\n")
    run = sepcost("compare", "net.yaml", cwd=folder)
    assert run.code == 2
    assert run.err.startswith("net.yaml:1:11: replace[0]: no replacement is called 'fails'")


def test_a_function_works_in_python() -> None:
    def halves(conv: Conv) -> list[tuple[str, Conv]]:
        return [("half", Conv(conv.input_size, conv.in_channels, conv.out_channels, 3, groups=2))]

    result = compare(Conv((8, 8), 4, 4, 3), [Replacement("halves", halves)])  # type: ignore[arg-type]
    assert prod(result.layers[0].variants["halves"].parts[0].layer.output_shape) == 4 * 64
    with pytest.raises(ReplacementError, match="must return"):
        compare(Conv((8, 8), 4, 4, 3), [Replacement("none", lambda conv: None)])  # type: ignore[arg-type, return-value]
