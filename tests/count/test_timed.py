"""Times of a target are figures: by hand, of layers, parts and totals, in every format."""

from __future__ import annotations

import csv
import io
import json
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sepcost import Conv, SepcostError, compare, load, sweep
from sepcost.sources.costs.schema import json_schema
from sepcost.targets.law import SURE
from sepcost.targets.prediction import predicted
from sepcost.targets.profile import Profile
from tests.commands import sepcost
from tests.targets.profiles import made, seconds_of, written

OF_TIME = ["time", "time_low", "time_high", "time_source", "bound"]
OF_SPEEDUP = ["speedup", "speedup_low", "speedup_high"]
NET = """
name: Small
input: {C: 3, H: 32}
layers:
  - {name: stem, K: 3, O: 16, norm: batch, keep: true}
  - {name: body, K: 3, O: 32, stride: 2, repeat: 2}
  - {name: pool, type: pool, global: true}
  - {name: head, type: linear, O: 10}
"""


@pytest.fixture
def target(tmp_path: Path) -> str:
    return written(tmp_path)


def network_of(*arguments: str, stdin: str = "") -> Any:
    run = sepcost("compare", *arguments, "--format", "json", stdin=stdin)
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)["networks"][0]


def by_hand(kind: str, cost: Any) -> float:
    """From the figures of JSON: without a bias and a norm, traffic is what a layer moves."""
    return float(seconds_of(kind, 2 * cost["macs"], cost["traffic_bytes"]))


def test_a_convolution_takes_what_the_constants_say_and_its_replacement_what_its_parts_take(target: str) -> None:
    (layer,) = network_of("-H", "56", "-C", "64", "-K", "3", "-O", "128", "--target", target)["layers"]
    replaced = layer["replacements"]["separable"]
    depthwise, pointwise = (by_hand(part["name"], part) for part in replaced["parts"])
    assert layer["standard"]["time"] == pytest.approx(by_hand("standard", layer["standard"]))
    assert [part["time"] for part in replaced["parts"]] == pytest.approx([depthwise, pointwise])
    assert replaced["time"] == pytest.approx(depthwise + pointwise)
    assert replaced["speedup"] == pytest.approx(layer["standard"]["time"] / replaced["time"])
    bounds = [cost["bound"] for cost in (layer["standard"], *replaced["parts"])]
    assert bounds == ["compute", "memory", "compute"]
    assert layer["standard"]["time_source"] == replaced["time_source"] == "predicted"
    assert not {*OF_SPEEDUP} & {*layer["standard"], *replaced["parts"][0]}


def test_intervals_are_of_kinds_that_err_independently(target: str) -> None:
    """Standard, depthwise and pointwise each have an error of their own."""
    profile = made()
    conv = Conv((56, 56), 64, 128, 3)
    (layer,) = network_of("-H", "56", "-C", "64", "-K", "3", "-O", "128", "--target", target)["layers"]
    parts = [part.layer for part in compare(conv).layers[0].variants["separable"].parts]
    standard, *others = (time for time in predicted(profile, [conv, *parts]) if time)
    replaced, total = layer["replacements"]["separable"], sum(other.seconds for other in others)
    errors = [standard.deviation, *(other.deviation * other.seconds / total for other in others)]
    half = SURE * sqrt(sum(error**2 for error in errors))
    assert log(replaced["speedup_high"] / replaced["speedup"]) == pytest.approx(half)
    assert log(replaced["speedup_low"] / replaced["speedup"]) == pytest.approx(-half)
    assert layer["standard"]["time_high"] == pytest.approx(layer["standard"]["time"] * exp(SURE * standard.deviation))


def test_a_network_takes_what_its_convolutions_and_linear_layers_take(target: str) -> None:
    network = network_of("-", "--target", target, stdin=NET)
    stem, first, second, pool, head = network["layers"]
    assert pool["standard"]["time"] is pool["replacements"]["separable"]["speedup"] is None
    timed = [layer["standard"]["time"] for layer in (stem, first, second, head)]
    total = network["total"]
    assert total["standard"]["time"] == pytest.approx(sum(timed))
    replaced = [layer["replacements"]["separable"]["time"] for layer in (stem, first, second, head)]
    assert replaced[0] == timed[0]
    assert stem["replacements"]["separable"]["speedup"] == stem["replacements"]["separable"]["speedup_low"] == 1
    assert total["replacements"]["separable"]["time"] == pytest.approx(sum(replaced))
    assert total["replacements"]["separable"]["speedup"] == pytest.approx(sum(timed) / sum(replaced))
    assert network["target"]["without"] == ["norms", "pool"]


def test_what_runs_twice_takes_twice_as_long() -> None:
    result = compare(load("configs/vgg16.yaml"), target=made())
    from dataclasses import replace

    from sepcost.tasks.figures import figures_of

    once = figures_of(result).layers[0]
    twice = replace(result.network, nodes=(replace(result.network.nodes[0], times=2), *result.network.nodes[1:]))
    again = figures_of(compare(twice, target=made())).layers[0]
    assert again.figures["time"] == 2 * once.figures["time"]
    assert [part.figures["time"] for part in again.replaced["separable"].parts] == [
        2 * part.figures["time"] for part in once.replaced["separable"].parts
    ]


def test_a_linear_layer_on_many_positions_has_no_time() -> None:
    """It is one product of a matrix with all of them, and no sum of products with a vector."""
    from dataclasses import replace

    from sepcost.tasks.figures import figures_of

    network = load("configs/lenet5.yaml")
    head = replace(network.nodes[-1], times=49)
    snapshot = figures_of(compare(replace(network, nodes=(*network.nodes[:-1], head)), target=made()))
    assert snapshot.layers[-1].figures["time"] is snapshot.total["time"] is None
    assert snapshot.target is not None
    assert set(snapshot.target.unknown.values()) == {"linear layers on many positions were not measured"}


def test_a_kind_that_was_not_measured_has_no_time_and_so_has_the_total(tmp_path: Path) -> None:
    target = written(tmp_path, kinds=("standard", "linear"))
    network = network_of("-", "--target", target, stdin=NET)
    body = network["layers"][1]
    assert body["standard"]["time"] > 0
    assert body["replacements"]["separable"]["time"] is body["replacements"]["separable"]["speedup"] is None
    assert network["total"]["standard"]["time"] > 0
    assert network["total"]["replacements"]["separable"]["time"] is None
    assert network["target"]["unknown"]["body.1.depthwise"] == "no depthwise layers were measured"
    run = sepcost("compare", "-", "--target", target, stdin=NET)
    assert "body.1.depthwise, body.2.depthwise (no depthwise layers were measured)" in run.out


def test_beyond_what_was_measured_times_are_extrapolated_and_the_reason_is_said(target: str) -> None:
    (layer,) = network_of("-H", "56", "-C", "4096", "-K", "3", "-O", "64", "--target", target)["layers"]
    assert layer["standard"]["time_source"] == layer["replacements"]["separable"]["time_source"] == "extrapolated"
    run = sepcost("compare", "-H", "56", "-C", "4096", "-K", "3", "-O", "64", "--target", target)
    assert "input channels: 4,096, measured 2 to 1,024" in run.out


def test_three_layers_beyond_what_was_measured_are_named_and_the_others_counted(target: str) -> None:
    layers = [{"name": f"layer{number}", "K": 3, "O": 2000} for number in range(5)]
    run = sepcost(
        "compare",
        "-",
        "-r",
        "none",
        "--target",
        target,
        stdin=json.dumps({"input": {"C": 2000, "H": 8}, "layers": layers}),
    )
    (line,) = (line for line in run.out.splitlines() if line.startswith("Extrapolated"))
    assert "layer2" in line
    assert "layer3" not in line
    assert line.endswith(" and 2 more.")


def test_a_check_says_nothing_of_parts_that_it_does_not_judge(target: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("input: {C: 1500, H: 8}\nlayers: [{name: only, K: 3, O: 1500}]\n")
    judged = ["check", str(tmp_path / "net.yaml"), "--target", target, "--max-time", "9s", "--no-verify"]
    assert "only.pointwise" in sepcost(*judged, "-r", "separable").out
    run = sepcost(*judged)
    assert "Extrapolated, beyond what was measured: only (" in run.out
    assert "only.pointwise" not in run.out


def test_how_far_off_times_are_is_not_said_where_none_is_known(tmp_path: Path) -> None:
    for kind, is_said in (("standard", True), ("linear", False)):
        run = sepcost("compare", "-H8", "-C8", "-K3", "-O8", "--target", written(tmp_path, kinds=(kind,)))
        assert ("Times are predicted for by-hand: " in run.out, run.code) == (is_said, 0)


def test_a_replacement_that_is_slower_in_its_whole_interval_is_flagged(tmp_path: Path) -> None:
    one = ("compare", "-H", "8", "-C", "8", "-K", "3", "-O", "8", "--target")
    run = sepcost(*one, written(tmp_path))
    speedup = network_of(*one[1:], written(tmp_path))["layers"][0]["replacements"]["separable"]["speedup_high"]
    assert speedup < 1
    assert "\nseparable: slower" in run.out
    assert "! separable is predicted to be slower." in run.out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ["--batch", "8"],
            "batch: 1, not 8): leave out --batch, or learn a target with it: sepcost target learn NAME --batch 8\n",
        ),
        (["--dtype", "float16"], "dtype: float32, not float16)"),
        (["--dtype", "weights=int4"], "dtype: float32, not weights=int4,activations=float32)"),
    ],
)
def test_another_setup_is_refused_with_the_reason(target: str, options: list[str], reason: str) -> None:
    for source in (["configs/vgg16.yaml"], ["-H", "8", "-C", "8", "-K", "3", "-O", "8"]):
        run = sepcost("compare", *source, "--target", target, *options)
        assert (run.code, run.out) == (2, "")
        assert run.err.count("\n") == 1
        assert f"--target by-hand is for another setup ({reason}" in run.err


def test_a_profile_of_that_batch_and_dtype_is_taken(tmp_path: Path) -> None:
    target = written(tmp_path, batch=8, dtype="bfloat16")
    one = ["-H", "56", "-C", "64", "-K", "3", "-O", "128", "--target", target]
    (layer,) = network_of(*one, "--batch", "8", "--dtype", "bfloat16")["layers"]
    cost = layer["standard"]
    assert cost["time"] == pytest.approx(seconds_of("standard", 2 * 8 * cost["macs"], cost["traffic_bytes"]))


def test_a_model_s_own_dtype_is_refused_with_the_reason(target: str, tmp_path: Path) -> None:
    code = "import torch\nhalf = torch.nn.Conv2d(3, 8, 3, dtype=torch.float16)\n"
    (tmp_path / "nets.py").write_text(code)
    run = sepcost("compare", f"{tmp_path}/nets.py:half", "--input", "3x8x8:float16", "--target", target)
    assert run.code == 2
    assert "dtype: float32, not float16" in run.err


def test_without_a_map_there_is_no_time(target: str) -> None:
    run = sepcost("compare", "-C", "8", "-K", "3", "-O", "8", "--target", target)
    assert (run.code, run.err.splitlines()) == (
        2, ["sepcost: --target by-hand has times of whole maps, and there is no map: give -H"]
    )  # fmt: skip


@pytest.mark.parametrize("name", ["time", "speedup", "latency", "replacement.time"])
def test_without_a_target_times_are_asked_for_in_vain(name: str) -> None:
    for option in ("--sort", "--columns"):
        run = sepcost("compare", "vgg16", option, name)
        assert (run.code, run.out) == (2, "")
        assert "give --target" in run.err


def test_csv_has_the_same_times(target: str) -> None:
    run = sepcost("compare", "-", "--target", target, "--format", "csv", stdin=NET)
    rows = list(csv.DictReader(io.StringIO(run.out)))
    network = network_of("-", "--target", target, stdin=NET)
    (body,) = (row for row in rows if row["layer"] == "body.1" and not row["part"])
    (depthwise,) = (row for row in rows if row["layer"] == "body.1" and row["part"] == "depthwise")
    layer = network["layers"][1]
    replaced = layer["replacements"]["separable"]
    for name in OF_TIME:
        assert body[name] == str(layer["standard"][name])
        assert body[f"replacement.{name}"] == str(replaced[name])
        assert depthwise[f"replacement.{name}"] == str(replaced["parts"][0][name])
    for name in OF_SPEEDUP:
        assert body[name] == str(replaced[name])
        assert rows[-1][name] == str(network["total"]["replacements"]["separable"][name])


def test_without_a_target_nothing_of_it_is_there() -> None:
    run = sepcost("compare", "-", "--format", "csv", stdin=NET)
    assert not {*OF_TIME, *OF_SPEEDUP} & set(run.out.splitlines()[0].split(","))
    assert '"time' not in sepcost("compare", "-", "--format", "json", stdin=NET).out


def test_columns_and_sorting_know_times(target: str) -> None:
    run = sepcost("compare", "vgg16", "--target", target, *SORTED)
    layers = json.loads(run.out)["networks"][0]["layers"]
    assert [list(layer["standard"]) for layer in layers] == [["time"], ["time"]]
    speedups = [layer["replacements"]["separable"]["speedup"] for layer in layers]
    assert speedups == sorted(speedups, reverse=True)
    everything = network_of("vgg16", "--target", target)["layers"]
    assert speedups[0] == max(layer["replacements"]["separable"]["speedup"] or 0 for layer in everything)


def test_subtotals_have_times_that_add_up(target: str) -> None:
    network = network_of("vgg16", "--target", target, "--rows", "types")
    times = [layer["standard"]["time"] for layer in network["layers"]]
    assert sum(filter(None, times)) == pytest.approx(network["total"]["standard"]["time"])
    convolutions = network["layers"][0]["replacements"]["separable"]
    assert convolutions["speedup"] == pytest.approx(times[0] / convolutions["time"])


def test_more_speed_and_less_time_are_better(target: str) -> None:
    """The fastest of all, and that with the highest speed-up, are beaten by none."""
    arguments = ["-H", "56", "-C", "64", "-K", "3,5,7", "-O", "32,64", "--target", target, "--format", "csv"]
    rows = list(csv.DictReader(io.StringIO(sepcost("compare", *arguments).out)))
    front = list(csv.DictReader(io.StringIO(sepcost("compare", *arguments, "--pareto", "time,speedup").out)))
    assert min(rows, key=lambda row: float(row["time"])) in front
    assert max(rows, key=lambda row: float(row["speedup"])) in front
    slow = list(csv.DictReader(io.StringIO(sepcost("compare", *arguments, "--pareto", "time,-speedup").out)))
    assert {row["K"] for row in slow} == {"3"}


def test_json_fits_its_schema_and_is_read_back_as_it_was(target: str, tmp_path: Path) -> None:
    text = sepcost("compare", "-", "--target", target, "--format", "json", stdin=NET).out
    Draft202012Validator(json_schema()).validate(json.loads(text))
    earlier = tmp_path / "costs.json"
    earlier.write_text(text)
    assert sepcost("compare", str(earlier), "--format", "json").out == text
    assert sepcost("compare", str(earlier), "--target", target, "--format", "json").out == text
    shown = sepcost("compare", str(earlier)).out
    assert shown == sepcost("compare", "-", "--target", target, stdin=NET).out


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fast", 'must be a number or null, got "fast"'),
        (-1.0, "must be at least 0"),
        (True, "must be a number or null, got true"),
    ],
)
def test_a_time_that_is_none_is_refused(target: str, value: Any, message: str) -> None:
    document = json.loads(sepcost("compare", "-", "--target", target, "--format", "json", stdin=NET).out)
    document["networks"][0]["total"]["standard"]["time"] = value
    run = sepcost("compare", "-", stdin=json.dumps(document))
    assert (run.code, message in run.err) == (2, True)


def test_earlier_times_of_another_target_are_not_these(target: str, tmp_path: Path) -> None:
    other = written(tmp_path, name="other", factor=2)
    earlier = sepcost("compare", "-", "--target", other, "--format", "json", stdin=NET).out
    run = sepcost("compare", "-", "--target", target, stdin=earlier)
    assert (run.code, f"has times for other ({made(name='other', factor=2).id})" in run.err) == (2, True)
    untimed = sepcost("compare", "-", "--format", "json", stdin=NET).out
    run = sepcost("compare", "-", "--target", target, stdin=untimed)
    assert (run.code, "has no times" in run.err) == (2, True)


def test_tables_name_the_target_and_show_speed_ups_with_their_interval(target: str) -> None:
    one = ["-H", "56", "-C", "64", "-K", "3", "-O", "128", "--target", target]
    for format_ in ("table", "markdown", "latex"):
        for arguments in (one, ["vgg16", "--target", target], [*one[:-3], "64,128", *one[-2:]]):
            run = sepcost("compare", *arguments, "--format", format_)
            assert run.code == 0
            assert "by-hand" in run.out
            assert SETUP_LINE in run.out
            assert "(3.0 % " in run.out or "3.00" in run.out


def test_a_slower_replacement_is_below_one(tmp_path: Path) -> None:
    target = written(tmp_path)
    run = sepcost("compare", "-H", "7", "-C", "512", "-K", "1x3", "-O", "2", "--target", target, "--columns", "time")
    row = next(line for line in run.out.splitlines() if "speed-up" in line)
    assert "0." in row
    assert "more" not in row


def test_python_takes_a_profile_a_file_or_a_name(target: str) -> None:
    conv = Conv((56, 56), 64, 128, 3)
    found = [compare(conv, target=each).to_json() for each in (made(), target, Path(target))]
    assert len(set(found)) == 1
    assert compare(conv, target="example-cpu").to_json() != found[0]
    assert "by-hand" in str(compare(conv, target=target))
    with pytest.raises(SepcostError, match="target: must be a name, a file or a Profile, got 3"):
        compare(conv, target=3)  # type: ignore[arg-type]
    with pytest.raises(SepcostError, match="target by-hand is for another setup"):
        compare(conv, target=target, batch=2)


def test_a_sweep_in_python_has_times() -> None:
    profile: Profile = made()
    for snapshot in sweep(H=56, C=64, K=3, O=[64, 128], target=profile):
        assert not isinstance(snapshot, SepcostError)
        assert snapshot.total["time"] > snapshot.replaced["separable"].figures["time"] > 0


SORTED = ("--columns", "time,speedup", "--sort", "speedup", "--top", "2", "--format", "json")
SETUP_LINE = "torch 2.13.0 eager, 1 thread, float32, batch 1, AMD EPYC (AVX2)"

MANY = (
    "-H",
    "8,56,112",
    "-C",
    "1,2,24,2048",
    "-K",
    "1,3",
    "-O",
    "1,2:44:2",
    "-r",
    "separable",
    "-r",
    "grouped:groups=2",
)


def test_many_at_once_take_exactly_what_each_takes_alone(tmp_path: Path) -> None:
    """Across kinds (1×1 is pointwise, of one channel depthwise), those that are not known, and what was measured."""
    profile, target = made(), written(tmp_path)
    run = sepcost("compare", *MANY, "--target", target, "--format", "csv")
    rows = {(*map(row.get, "HCKO"), row["replacement"]): row for row in csv.DictReader(io.StringIO(run.out))}
    alone = sweep(
        H=[8, 56, 112], C=[1, 2, 24, 2048], K=[1, 3], O="1,2:44:2", replacements=["separable", "grouped:groups=2"],
        target=profile,
    )  # fmt: skip
    found = [each for each in alone if not isinstance(each, SepcostError)]
    assert len(found) > 500
    sources = set()
    for snapshot in found:
        combination = tuple(str(snapshot.swept[name]) for name in "HCKO")
        for text, replaced in snapshot.replaced.items():
            row = rows[(*combination, text)]
            ours = {name: snapshot.total[name] for name in OF_TIME}
            ours |= {f"replacement.{name}": replaced.figures[name] for name in OF_TIME}
            ours |= {name: replaced.figures[name] for name in OF_SPEEDUP}
            assert {name: row[name] for name in ours} == {
                name: "" if value is None else str(value) for name, value in ours.items()
            }
            sources.add(replaced.figures["time_source"])
    assert sources == {"predicted", "extrapolated", None}


def test_many_at_once_are_sorted_and_written_as_json(target: str) -> None:
    """One number is swept in vain, so that each combination is there once alone."""
    many = ["-H", "56", "-C", "64", "-K", "3,5", "-O", "8:2048:8", "--target", target]
    document = json.loads(sepcost("compare", *many, "--format", "json").out)
    chosen = json.loads(sepcost("compare", *many, "--sort", "speedup", "--top", "5", "--format", "json").out)
    speedups = [each["total"]["replacements"]["separable"]["speedup"] for each in document["networks"]]
    best = [each["total"]["replacements"]["separable"]["speedup"] for each in chosen["networks"]]
    assert best == sorted(speedups, reverse=True)[:5]
    one = network_of("-H", "56", "-C", "64", "-K", "5", "-O", "2048", "--target", target)
    last = document["networks"][-1]
    assert last["total"]["standard"] == one["total"]["standard"] | {"peak": last["total"]["standard"]["peak"]}
    assert {each["total"]["standard"]["time_source"] for each in document["networks"]} == {"predicted", "extrapolated"}


def test_a_kernel_longer_along_one_axis_than_any_measured_one_is_extrapolated() -> None:
    run = sepcost("compare", *["-H", "56", "-C", "8", "-K", "7x3", "-O", "8", "--target", "example-cpu"])
    assert (run.code, run.err) == (0, "")
    assert "(kernel and stride, longest axis ÷ shortest: 2.33, measured 1 to 1)" in run.out
