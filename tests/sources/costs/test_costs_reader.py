"""Costs from earlier are read as strictly as configs: whatever is wrong is reported in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import ConfigError, Convention, compare, load
from sepcost.count.evaluation import evaluated
from sepcost.count.figure import COUNTS
from sepcost.errors import ConfigProblem
from sepcost.layers.cost import BITS
from sepcost.sources.costs.costs import read_costs
from tests.commands import ROOT
from tests.sources.costs.documents import MISSING, edited

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
TEXT = compare(load(ROOT / "tests" / "configs" / "diff" / "before.yaml")).to_json()
WRITTEN = json.loads(TEXT)
NET = ("networks", 0)
STEM = (*NET, "layers", 0)
TOTAL = (*NET, "total", "standard")
LONG = "9" * 1101
NOT_OURS = "this is not what sepcost compare --format json writes"


def message(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read_costs(text.encode() if isinstance(text, str) else text, "costs.json")
    return str(caught.value)


DTYPES = f"{', '.join(BITS)}, or for each as in weights=int4,activations=int8"


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
@pytest.mark.parametrize(
    "convention", [Convention(), Convention(2, 8, "int8"), Convention(1, 3, "weights=int4,activations=float8")]
)
def test_what_compare_writes_is_what_counting_gives(config: Any, convention: Convention) -> None:
    network = load(config, alpha="0.75")
    result = compare(
        network,
        ["separable", "blueprint"],
        flops_per_mac=convention.flops_per_mac,
        batch=convention.batch,
        dtype=convention.dtype,
    )
    text = result.to_json()
    for written in (text, json.dumps(json.loads(text), indent=2, sort_keys=True), "\ufeff" + text):
        assert read_costs(written.encode(), "costs.json") == [evaluated(result)]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("schema_version",), 2, "schema_version: 2 is newer than this sepcost, which reads 1: update sepcost"),
        (("schema_version",), 0, "schema_version: must be 1, got 0"),
        (("schema_version",), True, "schema_version: must be a whole number, got true"),
        (("schema_version",), "1", 'schema_version: must be a whole number, got "1"'),
        (("convention",), MISSING, f"missing key `convention`: {NOT_OURS}"),
        (("convention", "flops_per_mac"), 3, "convention.flops_per_mac: must be 1 or 2, got 3"),
        (("batch",), 0, "batch: must be at least 1, got 0"),
        (("batch",), "8", 'batch: must be a whole number, got "8"'),
        (("batch",), True, "batch: must be a whole number, got true"),
        (("dtype",), "float9", f'dtype: must be one of {DTYPES}, got "float9"'),
        (("dtype",), "weights=int3", f'dtype: must be one of {DTYPES}, got "weights=int3"'),
        (("dtype",), None, "dtype: must be a text, got null"),
        (("networks",), MISSING, f"missing key `networks`: {NOT_OURS}"),
        (("networks",), [], "networks: must have at least one network"),
        (("networks",), {}, "networks: must be a list, got an object"),
        (("networks",), ["net"], 'networks[0]: must be an object, got "net"'),
        ((*NET, "name"), None, "networks[0].name: must be a text, got null"),
        ((*NET, "source"), 3, "networks[0].source: must be a text, got 3"),
        ((*NET, "alpha"), 0, "networks[0].alpha: must be a number above 0 and at most 1000, got 0"),
        ((*NET, "rho"), "1", 'networks[0].rho: must be a number above 0 and at most 1000, got "1"'),
        ((*NET, "per"), None, "networks[0].per: must be a text, got null"),
        (
            (*NET, "per"),
            "output position",
            "networks[0].layers[0].standard.activation_bytes: must be null without a map, got 65536",
        ),
        ((*NET, "layers"), [], "networks[0].layers: must have at least one layer"),
        ((*NET, "layers"), None, "networks[0].layers: must be a list, got null"),
        ((*STEM, "name"), "left", "networks[0].layers: has 2 layers called 'left'"),
        ((*STEM, "type"), 3, "networks[0].layers[0].type: must be a text, got 3"),
        ((*STEM, "input"), MISSING, f"networks[0].layers[0]: missing key `input`: {NOT_OURS}"),
        (
            (*STEM, "kernel"),
            {},
            "networks[0].layers[0].kernel: must be true, false, a whole number, a text or a list, got an object",
        ),
        (
            (*STEM, "kernel"),
            [3] * 5,
            "networks[0].layers[0].kernel: must have at most 4 numbers, got 5",
        ),
        (
            (*STEM, "stride"),
            [1.5],
            "networks[0].layers[0].stride[0]: must be a whole number, got 1.5",
        ),
        ((*STEM, "standard"), None, "networks[0].layers[0].standard: must be an object, got null"),
        ((*STEM, "standard", "params"), -1, "networks[0].layers[0].standard.params: must be at least 0, got -1"),
        (
            (*STEM, "standard", "params"),
            1.5,
            "networks[0].layers[0].standard.params: must be a whole number, got 1.5",
        ),
        (
            (*STEM, "standard", "macs"),
            True,
            "networks[0].layers[0].standard.macs: must be a whole number, got true",
        ),
        (
            (*STEM, "standard", "macs"),
            None,
            "networks[0].layers[0].standard.macs: must be a whole number, got null",
        ),
        ((*NET, "total"), MISSING, f"networks[0]: missing key `total`: {NOT_OURS}"),
        (
            (*TOTAL, "macs"),
            5,
            "networks[0].total.standard.macs: is 5, but the layers add up to 6,340,928",
        ),
        (
            (*TOTAL, "peak_activation_bytes"),
            -1,
            "networks[0].total.standard.peak_activation_bytes: must be at least 0, got -1",
        ),
    ],
)
def test_a_value_that_cannot_be_is_reported_with_its_place(
    path: tuple[str | int, ...], value: Any, expected: str
) -> None:
    assert message(edited(TEXT, path, value)) == f"costs.json: {expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT[:30], "costs.json:1:31: is not whole JSON, it ends too early: write it again"),
        (TEXT[:35], "costs.json:1:31: is not whole JSON, it ends too early: write it again"),
        (TEXT[:-2], f"costs.json:{TEXT.count(chr(10))}:2: is not whole JSON, it ends too early: write it again"),
        ('{"schema_version":1 2}', "costs.json:1:21: is not JSON: expecting ',' delimiter"),
        (
            TEXT + TEXT,
            f"costs.json:{TEXT.count(chr(10)) + 1}:1: goes on after its first object: "
            "give one output of sepcost compare --format json",
        ),
        ("{}", "costs.json: is neither a config (it has no `layers`) nor costs (it has no `schema_version`)"),
        (
            f"[{TEXT}]",
            "costs.json: is a list: give one output of sepcost compare --format json, not several in one file",
        ),
        (TEXT.replace('"batch":1', '"batch":1,"batch":2'), "costs.json: gives the key `batch` twice in one object"),
        (TEXT.replace('"rho":1.0', '"rho":NaN'), "costs.json: has NaN in it, which is no number of JSON"),
        (
            TEXT.replace('"rho":1.0', '"rho":1e999'),
            "costs.json: networks[0].rho: must be a number above 0 and at most 1000, got Infinity",
        ),
        (
            TEXT.replace('"params":432', f'"params":{LONG}'),
            "costs.json: has a number that no count can be: 9999999999…9999999999 (1,101 characters)",
        ),
        ('{"schema_version":1,"x":' + "[" * 100_000, "costs.json: is nested too deep"),
    ],
)
def test_a_text_that_is_no_output_of_compare_is_refused(text: str, expected: str) -> None:
    assert message(text) == expected


def test_a_wrong_line_of_several_has_a_place_that_counts_from_1(tmp_path: Path) -> None:
    line = '{"schema_version": 1}'
    (tmp_path / "costs.jsonl").write_text(f'{{"schema_version": 1, "layers": 1}}\n\n{line}\n')
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "costs.jsonl")
    assert {(problem.line, problem.column) for problem in raised.value.problems} == {(1, 1)}


def test_flops_that_contradict_the_macs_are_refused() -> None:
    text = TEXT.replace('"flops":', '"flops":1')
    assert message(text).startswith(
        "costs.json: networks[0].total.standard.flops: is 16,340,928, but the layers add up to "
    )
    document = json.loads(TEXT)
    for layer in document["networks"][0]["layers"]:
        layer["standard"]["flops"] *= 2
    document["networks"][0]["total"]["standard"]["flops"] *= 2
    assert message(json.dumps(document)) == (
        "costs.json: networks[0].total.standard.flops: must be flops_per_mac × macs (6,340,928), got 12,681,856"
    )


def test_a_replacement_that_is_not_the_sum_of_its_layers_is_refused() -> None:
    for figure in COUNTS:
        document = json.loads(TEXT)
        replacements = document["networks"][0]["total"]["replacements"]
        added = replacements["separable"][figure]
        replacements["separable"][figure] += 1
        assert message(json.dumps(document)) == (
            f"costs.json: networks[0].total.replacements.separable.{figure}: is {added + 1:,}, "
            f"but the layers add up to {added:,}"
        )


def test_a_layer_that_contradicts_its_replacements_total_is_refused() -> None:
    document = json.loads(TEXT)
    network = document["networks"][0]
    network["layers"][0]["replacements"]["separable"]["params"] += 1
    total = network["total"]["replacements"]["separable"]["params"]
    assert message(json.dumps(document)) == (
        f"costs.json: networks[0].total.replacements.separable.params: is {total:,}, "
        f"but the layers add up to {total + 1:,}"
    )


def test_what_a_layer_costs_under_a_replacement_is_read_as_strictly() -> None:
    place = (*STEM, "replacements", "separable")
    where = "costs.json: networks[0].layers[0].replacements.separable"
    assert message(edited(TEXT, (*place, "macs"), "5")) == f'{where}.macs: must be a whole number, got "5"'
    assert message(edited(TEXT, (*place, "macs"), -5)) == f"{where}.macs: must be at least 0, got -5"
    assert message(edited(TEXT, (*place, "macs"), MISSING)) == f"{where}: missing key `macs`: {NOT_OURS}"
    assert message(edited(TEXT, place, None)) == f"{where}: must be an object, got null"
    assert message(edited(TEXT, (*STEM, "replacements"), MISSING)) == (
        f"costs.json: networks[0].layers[0]: missing key `replacements`: {NOT_OURS}"
    )


def test_what_a_later_version_adds_is_left_alone() -> None:
    document = json.loads(TEXT)
    document["seconds"] = 1.5
    document["networks"][0]["layers"][0] |= {"energy": {"picojoules": 3}}
    assert read_costs(json.dumps(document).encode(), "") == read_costs(TEXT.encode(), "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name: net\nlayers: []\n",
        b"- {H: 8, C: 3, K: 3, O: 4}\n",
        b"{layers: [{H: 8, C: 3, K: 3, O: 4}]}",
        b'{"input": {"C": 3, "H": 8}, "layers": [{"K": 3, "O": 4}]}',
        b'[{"H": 8, "C": 3, "K": 3, "O": 4}]',
        b"\xff\xfe{",
    ],
)
def test_configs_are_left_to_the_config_reader(data: bytes) -> None:
    assert read_costs(data, "net.yaml") is None


@given(st.data())
def test_whatever_is_in_its_place_costs_are_read_or_refused(data: st.DataObject) -> None:
    """Never another exception than a ConfigError with one line."""
    document: Any = copy.deepcopy(WRITTEN)
    place = document
    while isinstance(place, (dict, list)) and place:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = data.draw(st.sampled_from(steps))
        if not isinstance(place[step], (dict, list)) or data.draw(st.integers(0, 3)) == 0:
            place[step] = data.draw(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
                | st.lists(st.integers(), max_size=5) | st.just({})
            )  # fmt: skip
            break
        place = place[step]
    assert len(problems(json.dumps(document).encode())) <= 1


@given(st.binary(max_size=60), st.integers(0, len(TEXT)))
def test_damaged_costs_are_read_or_refused(inserted: bytes, where: int) -> None:
    data = TEXT.encode()
    for damaged in (data[:where] + inserted, data[:where] + inserted + data[where:], b"{" + inserted):
        assert len(problems(damaged)) <= 1


def problems(data: bytes) -> Sequence[ConfigProblem]:
    try:
        read_costs(data, "costs.json")
    except ConfigError as error:
        return error.problems
    return ()
