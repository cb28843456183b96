"""A baseline's own form: nothing that it leaves out is lost, and whatever somebody merged is read or refused."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import ConfigError, Convention, Network, compare, load
from sepcost.count.evaluation import evaluated
from sepcost.count.snapshot import Snapshot
from sepcost.formats.documents.baseline_json import baseline_chunks
from sepcost.sources.costs.costs import read_costs
from tests.baselines import in_a_baseline
from tests.commands import ROOT
from tests.sources.costs.documents import MISSING, edited
from tests.strategies import every_replacement, networks

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
WRITER = "this is not what sepcost check --update-baseline writes"
NET = ("networks", 0)
STEM = (*NET, "layers", 0)


def costed(network: Network, replacements: list[str], convention: Convention) -> Snapshot:
    flops_per_mac, batch, dtype = convention.flops_per_mac, convention.batch, convention.dtype
    result = compare(network, replacements, flops_per_mac=flops_per_mac, batch=batch, dtype=dtype)
    return evaluated(result)


def written(*costs: Snapshot) -> str:
    return "".join(baseline_chunks(costs, costs[0].convention, "costs.json"))


def read(text: str) -> list[Snapshot]:
    return read_costs(text.encode(), "costs.json") or []


def message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


CONVENTIONS = st.builds(
    Convention,
    st.sampled_from([1, 2]),
    st.integers(1, 9),
    st.sampled_from(["float16", "int8", "int4", "weights=int8,activations=float64"]),
)


@given(networks(), every_replacement(), CONVENTIONS)
def test_what_is_read_is_what_was_counted(network: Network, replacements: list[str], convention: Convention) -> None:
    costs = costed(network, replacements, convention)
    assert read(written(costs)) == [in_a_baseline(costs)]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_a_config_of_every_kind_is_read_as_it_was_counted(config: Any) -> None:
    costs = replace(
        costed(load(config, alpha="0.75"), ["separable", "blueprint"], Convention(dtype="int8")), source="a"
    )
    assert read(written(costs)) == [in_a_baseline(costs)]


def test_a_network_that_is_stored_in_its_own_dtype_keeps_it() -> None:
    own = Convention(dtype="float64", in_own_dtype=True)
    costs = replace(costed(load(CONFIGS[0]), [], Convention()), source="a", comparison=None)
    plain, stored = read(
        written(costs, replace(costs, source="b", convention=own, own_dtype="float64", lower_bound=True))
    )
    assert (plain.own_dtype, stored.own_dtype) == (None, "float64")
    assert (plain.lower_bound, stored.lower_bound) == (False, True)
    assert stored.layers == plain.layers == in_a_baseline(costs).layers


def test_files_of_models_are_named_from_the_baselines_folder_and_modules_are_not() -> None:
    costs = costed(load(CONFIGS[0]), [], Convention())
    sources = ["nets/net.py:build('a/b')", "pkg.nets:UNet", "<stdin>", "configs/net.yaml"]
    text = "".join(
        baseline_chunks([replace(costs, source=source) for source in sources], Convention(), "ci/costs.json")
    )
    assert [network["source"] for network in json.loads(text)["networks"]] == [
        "../configs/net.yaml", "../nets/net.py:build('a/b')", "<stdin>", "pkg.nets:UNet",
    ]  # fmt: skip
    assert sorted(network.source or "" for network in read_costs(text.encode(), "ci/costs.json") or []) == sorted(
        sources
    )


TEXT = written(
    replace(costed(load(ROOT / "tests" / "configs" / "diff" / "before.yaml"), ["separable"], Convention()), source="n")
)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("schema_version",), 3, "schema_version: 3 is newer than this sepcost, which reads 2: update sepcost"),
        (("schema_version",), 1, "schema_version: must be 2, got 1"),
        (("dtype",), MISSING, f"missing key `dtype`: {WRITER}"),
        (("networks",), [], "networks: must have at least one network"),
        ((*NET, "source"), 3, "networks[0].source: must be a text, got 3"),
        ((*NET, "alpha"), 0, "networks[0].alpha: must be a number above 0 and at most 1000, got 0"),
        ((*NET, "peak_activation_bytes"), {}, f"networks[0].peak_activation_bytes: missing key `standard`: {WRITER}"),
        (
            (*NET, "peak_activation_bytes", "standard"),
            -1,
            "networks[0].peak_activation_bytes.standard: must be at least 0, got -1",
        ),
        ((*STEM, "name"), "left", "networks[0].layers: has 2 layers called 'left'"),
        ((*STEM, "input"), MISSING, f"networks[0].layers[0]: missing key `input`: {WRITER}"),
        ((*STEM, "costs"), {}, f"networks[0].layers[0].costs: missing key `standard`: {WRITER}"),
        (
            (*STEM, "costs", "separabel"),
            [1, 2, 3, 4],
            "networks[0].layers[0].costs.separabel: is of no replacement that the network has",
        ),
        (
            (*STEM, "costs", "standard"),
            [1, 2, 3],
            "networks[0].layers[0].costs.standard: must have 4 or 6 figures, got 3",
        ),
        (
            (*STEM, "costs", "standard", 1),
            None,
            "networks[0].layers[0].costs.standard[1]: must be a whole number, got null",
        ),
        (
            (*STEM, "costs", "standard", 1),
            1.5,
            "networks[0].layers[0].costs.standard[1]: must be a whole number, got 1.5",
        ),
        (
            ("figures",),
            ["params", "activations"],
            "figures: must have params and macs, got a list",
        ),
        (
            (*NET, "per"),
            "output position",
            "networks[0].layers[0].costs.standard[3]: must be null without a map, got 79552",
        ),
    ],
)
def test_a_value_that_cannot_be_is_reported_with_its_place(
    path: tuple[str | int, ...], value: Any, expected: str
) -> None:
    assert message(edited(TEXT, path, value)) == f"costs.json: {expected}"


ANYTHING: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([]) | st.just({})
)


@given(st.data())
def test_whatever_somebody_merged_is_read_or_refused(data: st.DataObject) -> None:
    document: Any = json.loads(TEXT)
    place, key = document, "networks"
    while place[key] and isinstance(place[key], (dict, list)) and data.draw(st.integers(0, 5)):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(ANYTHING)
    with suppress(ConfigError):
        assert all(isinstance(network, Snapshot) for network in read(json.dumps(document)))
