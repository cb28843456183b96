"""Two networks against each other: what is matched, and that the figures add up and mirror each other."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import Conv, Convention, Network, Pool, load
from sepcost.count.evaluation import as_it_is
from sepcost.count.facts import FACTS, layer_facts
from sepcost.count.figure import COUNTS, NEED_A_MAP, cost_figures
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.judge.alignment import is_numbered, matched
from sepcost.judge.difference import Difference, LayerDifference, Status
from sepcost.layers import Layer, Other, Split
from sepcost.network.network import Node
from tests.commands import ROOT
from tests.strategies import convs

NAMES = ["stem", "body", "head", "conv1", "conv2", "conv3", "pool2"]
LAYERS: list[Layer] = [
    Conv((8, 8), 4, 4, 3),
    Conv((8, 8), 4, 8, 3),
    Conv((8, 8), 8, 8, 5, bias=True),
    Conv((8, 8), 8, 8, 1),
    Pool((8, 8, 8), 2),
    Split((8, 8, 8), 4),
    Other("bmm", macs=5),
]


def network(layers: dict[str, Layer]) -> Snapshot:
    nodes = tuple(Node(name, layer) for name, layer in layers.items())
    return as_it_is(Network("net", nodes, independent=True), Convention())


def unnamed(layers: list[Layer]) -> Snapshot:
    return network({f"{layer.type}{number}": layer for number, layer in enumerate(layers, start=1)})


@st.composite
def networks(draw: st.DrawFn) -> Snapshot:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    return network({name: draw(st.sampled_from(LAYERS) | convs()) for name in names})


def seen(difference: Difference) -> dict[tuple[str | None, str | None], LayerDifference]:
    return {
        (layer.before.name if layer.before else None, layer.after.name if layer.after else None): layer
        for layer in difference.layers
    }


@given(networks(), networks())
def test_the_layers_differences_add_up_to_the_totals(before: Snapshot, after: Snapshot) -> None:
    difference = Difference.of(before, after)
    for name in COUNTS:
        added = sum(layer.figures[name].difference or 0 for layer in difference.layers)
        assert difference.total[name].difference == added == (after.total[name] or 0) - (before.total[name] or 0)


@given(networks(), networks())
def test_every_layer_of_both_sides_is_there_once(before: Snapshot, after: Snapshot) -> None:
    difference = Difference.of(before, after)
    assert sorted(layer.before.name for layer in difference.layers if layer.before) == sorted(
        layer.name for layer in before.layers
    )
    assert [layer.after for layer in difference.layers if layer.after] == list(after.layers)


@given(networks())
def test_nothing_differs_from_itself(net: Snapshot) -> None:
    difference = Difference.of(net, replace(net, name="another name", source="another.yaml"))
    assert difference.is_empty
    assert difference.changes == []
    known = [change for change in difference.total.values() if change.before is not None]
    assert all(change.difference == 0 for change in known)


@given(networks(), networks())
def test_the_other_way_round_is_the_mirror_image(before: Snapshot, after: Snapshot) -> None:
    there, back = Difference.of(before, after), Difference.of(after, before)
    assert there.is_empty == back.is_empty
    mirrored = {(right, left): layer for (left, right), layer in seen(back).items()}
    assert seen(there).keys() == mirrored.keys()
    swapped = {Status.ADDED: Status.REMOVED, Status.REMOVED: Status.ADDED}
    for names, layer in seen(there).items():
        other = mirrored[names]
        assert layer.status is swapped.get(other.status, other.status)
        assert (layer.by_name, layer.moved, layer.places) == (other.by_name, other.moved, other.places[::-1])
        assert layer.facts == {name: (old, new) for name, (new, old) in other.facts.items()}
        for name, change in layer.figures.items():
            assert change == other.figures[name][::-1]
            assert change.difference == -(other.figures[name].difference or 0)


def likeness(left: LayerSnapshot, right: LayerSnapshot) -> int:
    """How many facts agree: 0 between layers of two types."""
    if left.facts["type"] != right.facts["type"]:
        return 0
    return sum(right.facts[name] == value for name, value in left.facts.items() if name != "input")


@given(st.lists(st.sampled_from(LAYERS), max_size=5), st.lists(st.sampled_from(LAYERS), max_size=5))
def test_no_other_pairs_in_order_are_more_alike(before: list[Layer], after: list[Layer]) -> None:
    """Against every alignment that there is."""
    ours, theirs = ([LayerSnapshot("conv1", layer_facts(layer), {}) for layer in side] for side in (before, after))
    ours = [layer._replace(name=f"{layer.facts['type']}1") for layer in ours]
    theirs = [layer._replace(name=f"{layer.facts['type']}1") for layer in theirs]
    found = matched(ours, theirs)
    assert found == sorted(found)
    assert [match.after for match in found] == sorted(match.after for match in found)
    best = max(
        sum(likeness(ours[left], theirs[right]) for left, right in zip(lefts, rights))
        for many in range(min(len(ours), len(theirs)) + 1)
        for lefts in itertools.combinations(range(len(ours)), many)
        for rights in itertools.combinations(range(len(theirs)), many)
    )
    assert sum(likeness(ours[match.before], theirs[match.after]) for match in found) == best


@given(st.permutations("abcdef"))
def test_as_few_layers_as_possible_have_moved(order: list[str]) -> None:
    before, after = (dict.fromkeys(names, LAYERS[0]) for names in ("abcdef", order))
    moved = [layer for layer in Difference.of(network(before), network(after)).layers if layer.moved]
    stay = max(
        many
        for many in range(len(order) + 1)
        for kept in itertools.combinations(order, many)
        if list(kept) == sorted(kept)
    )
    assert len(moved) == len(order) - stay
    assert all(layer.status is Status.MOVED for layer in moved)


def test_an_insertion_does_not_shift_layers_without_names() -> None:
    layers: list[Layer] = [LAYERS[0], LAYERS[4], LAYERS[1], LAYERS[0], LAYERS[3]]
    difference = Difference.of(unnamed(layers), unnamed([*layers[:2], LAYERS[2], *layers[2:]]))
    assert [(layer.status, layer.places) for layer in difference.changes] == [(Status.ADDED, (None, 3))]
    assert seen(difference)["conv3", "conv4"].status is Status.UNCHANGED


def test_an_insertion_is_distinguished_from_the_layer_whose_input_it_changes() -> None:
    before: list[Layer] = [Conv((8, 8), 3, 64, 3), Conv((8, 8), 64, 128, 3), Conv((8, 8), 128, 256, 3)]
    after = [before[0], Conv((8, 8), 64, 96, 3), Conv((8, 8), 96, 128, 3), before[2]]
    difference = Difference.of(unnamed(before), unnamed(after))
    assert [(layer.status, layer.places) for layer in difference.changes] == [
        (Status.ADDED, (None, 2)),
        (Status.CHANGED, (2, 3)),
    ]


def test_layers_with_other_names_are_matched_between_their_neighbours() -> None:
    small, large = LAYERS[0], LAYERS[1]
    before = network({"a": small, "old": small, "b": small, "gone": large, "c": small})
    after = network({"new0": large, "a": small, "new": small, "b": small, "c": small})
    found = {names: (layer.status, layer.by_name) for names, layer in seen(Difference.of(before, after)).items()}
    assert found == {
        (None, "new0"): (Status.ADDED, False),
        ("a", "a"): (Status.UNCHANGED, True),
        ("old", "new"): (Status.RENAMED, False),
        ("b", "b"): (Status.UNCHANGED, True),
        ("gone", None): (Status.REMOVED, False),
        ("c", "c"): (Status.UNCHANGED, True),
    }


def test_layers_of_two_types_are_never_matched_by_position() -> None:
    difference = Difference.of(network({"a": LAYERS[0]}), network({"b": LAYERS[4]}))
    assert [layer.status for layer in difference.layers] == [Status.REMOVED, Status.ADDED]


def test_one_name_may_change_its_type() -> None:
    (layer,) = Difference.of(network({"a": LAYERS[3]}), network({"a": LAYERS[4]})).layers
    assert layer.status is Status.CHANGED
    assert layer.facts["type"] == ("conv", "pool")


@pytest.mark.parametrize(
    ("name", "numbered"),
    [("conv2", True), ("conv12.3", True), ("conv2_", True), ("conv", False), ("conv1_1", False), ("conv02", False),
     ("pool2", False), ("conv2a", False), ("my conv2", False), ("conv２", False)],
)  # fmt: skip
def test_a_type_and_a_number_are_no_name(name: str, numbered: bool) -> None:
    assert is_numbered(LayerSnapshot(name, {"type": "conv"}, {})) is numbered


def test_too_many_layers_to_wait_for_are_paired_one_by_one() -> None:
    before = [LayerSnapshot(f"conv{n}", {"type": "conv", "output": (n,)}, {}) for n in range(1, 2001)]
    after = before[1:1900]
    assert [(match.before, match.after) for match in matched(before, after)] == [(n, n) for n in range(1899)]
    few = matched(before[:500], after[:498])
    assert [(match.before, match.after) for match in few] == [(n + 1, n) for n in range(498)]


def test_so_many_gaps_are_paired_one_by_one_too() -> None:
    layers = [LayerSnapshot(f"conv{n}", {"type": "conv", "output": (n,)}, {}) for n in range(1, 801)]
    named = LayerSnapshot("stem", {"type": "conv"}, {})
    found = matched([*layers, named, *layers], [*layers[1:799], named, *layers[1:799]])
    pairs = [(match.before, match.after) for match in found]
    assert pairs[:799] == [*((n + 1, n) for n in range(798)), (800, 798)]
    assert pairs[799:] == [(801 + n, 799 + n) for n in range(798)]


def test_the_shallow_mobilenet_is_five_layers_less() -> None:
    """14×14×512×9×512 MACs each, and 512 channels more with their batch norms (arXiv:1704.04861, table 5)."""
    before, after = (
        as_it_is(load(ROOT / "configs" / f"{name}.yaml"), Convention())
        for name in ("mobilenet_v1", "mobilenet_v1_shallow")
    )
    difference = Difference.of(before, after)
    assert [(layer.status, layer.places[0]) for layer in difference.changes] == [
        (Status.REMOVED, place) for place in range(8, 13)
    ]
    assert difference.total["macs"].difference == -5 * 14 * 14 * 512 * 9 * 512
    assert difference.total["params"].difference == -5 * (512 * 9 * 512 + 2 * 512)


def test_the_names_of_figures_and_facts_are_those_of_the_contract() -> None:
    figures: dict[str, Any] = cost_figures(LAYERS[0].cost, Convention(), unknown=NEED_A_MAP)
    assert set(figures) == {*COUNTS, "macs_per_byte"}
    assert {name for name in figures if figures[name] is None} == set(NEED_A_MAP) - {"peak_activation_bytes"}
    assert {name for layer in LAYERS for name in layer_facts(layer)} | {"times", "shared", "weights_of"} == set(FACTS)
