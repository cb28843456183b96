"""``sepcost bench``: what is timed, and what is said of it. The clock is a fake one, except in smoke runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import pytest
import torch
from torch import nn

import sepcost.timing.torch_runtime as in_torch
from sepcost import Conv, SepcostError, bench, compare
from sepcost.layers import Layer
from sepcost.text.units import as_percent
from sepcost.timing.runtime import bare
from tests.commands import Run, in_a_process, sepcost
from tests.targets.profiles import written

NANOSECONDS = 1e-9
NO_FORMAT = "--format: this command has no format 'sarif': it has table, csv, html, json, latex and markdown"


@pytest.fixture
def by_macs(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Layer]]:
    """Layers take a nanosecond a MAC, and 1,000 for each call; what was built is in the list."""
    taken: dict[int, float] = {}
    built: list[Sequence[Layer]] = []

    def contender(runtime: in_torch.TorchRuntime, layers: Sequence[Layer], times: int = 1) -> Callable[[], None]:
        def run() -> None: ...

        macs = sum(layer.cost.macs for layer in layers) * runtime.batch * times
        taken[id(run)] = (macs + 1000 * len(layers)) * NANOSECONDS
        built.append(layers)
        keep.append(run)
        return run

    def seconds(_: object, run: Callable[[], None], runs: int) -> float:
        return taken[id(run)] * runs

    keep: list[Callable[[], None]] = []
    monkeypatch.setattr(in_torch.TorchRuntime, "contender", contender)
    monkeypatch.setattr(in_torch.TorchRuntime, "seconds", seconds)
    return built


def rows(run: Run) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(run.out)))


def records(*arguments: str) -> list[dict[str, Any]]:
    run = sepcost("bench", *arguments, "--format", "json")
    assert (run.code, run.err) == (0, "")
    return list(json.loads(run.out)["rows"])


def test_a_convolution_its_replacement_and_the_parts_are_timed_with_rates(by_macs: list[Sequence[Layer]]) -> None:
    standard, replaced, depthwise, pointwise = records("-H", "112", "-C", "32", "-K", "3", "-O", "64", "--batch", "2")
    assert [row["part"] for row in (replaced, depthwise, pointwise)] == [None, "depthwise", "pointwise"]
    assert standard["macs"] == 231211008
    assert standard["time"] == pytest.approx((2 * 231211008 + 1000) * NANOSECONDS)
    assert standard["gflops_per_second"] == pytest.approx(2.0, rel=1e-4)
    traffic = compare(Conv((112, 112), 32, 64, 3), batch=2)
    assert standard["gbytes_per_second"] * standard["time"] * 1e9 == pytest.approx(
        traffic.standard.cost.traffic_bytes(traffic.convention)
    )
    assert replaced["reduction.macs"] == pytest.approx(7.890410958904109)
    assert replaced["speedup"] == pytest.approx((2 * 231211008 + 1000) / (2 * 29302784 + 2000))
    assert (replaced["verdict"], standard["verdict"], depthwise["speedup"]) == ("faster", None, None)


def test_equal_layers_are_timed_once_and_the_sum_has_each_as_often_as_it_occurs(by_macs: list[Sequence[Layer]]) -> None:
    found = records("mobilenet_v1")
    conv = next(row for row in found if row["occurs"] == 5 and row["replacement"] is None)
    assert conv["output"] == [512, 14, 14]
    assert len(by_macs) == len({tuple(map(bare, layers)) for layers in by_macs})
    result = compare("mobilenet_v1")
    layers = [layer for layer in result.layers if layer.layer.type in ("conv", "linear")]
    standard, replaced = (row for row in found if row["row"] == "total")
    assert standard["macs"] == result.standard.cost.macs
    assert standard["time"] == pytest.approx((result.standard.cost.macs + 1000 * len(layers)) * NANOSECONDS)
    parts = sum(len(layer.variants["separable"].parts) or 1 for layer in layers)
    seconds = (result.totals["separable"].cost.macs + 1000 * parts) * NANOSECONDS
    assert replaced["time"] == pytest.approx(seconds)
    assert replaced["speedup"] == pytest.approx(standard["time"] / seconds)


def test_a_linear_layer_on_many_positions_runs_on_all_at_once(by_macs: list[Sequence[Layer]], tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("import torch\ndef build():\n    return torch.nn.Linear(8, 4)\n")
    run = sepcost("bench", "net.py:build", "--input", "16x8", "--format", "csv", cwd=tmp_path)
    linear = rows(run)[0]
    assert (linear["macs"], linear["occurs"]) == ("512", "1")
    assert float(linear["time"]) == pytest.approx((16 * 8 * 4 + 1000) * NANOSECONDS)


def slow_rounds(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """Half of the samples take so many times as long."""
    seconds, drawn = in_torch.TorchRuntime.seconds, Random(0)

    def slowed(self: in_torch.TorchRuntime, run: Callable[[], None], runs: int) -> float:
        return seconds(self, run, runs) * drawn.choice((1, factor))

    monkeypatch.setattr(in_torch.TorchRuntime, "seconds", slowed)


def test_a_time_is_the_best_round_and_a_sum_that_of_the_best_ones(
    by_macs: list[Sequence[Layer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = records("lenet5")
    slow_rounds(monkeypatch, 3)
    busy = records("lenet5")
    for before, row in zip(quiet, busy):
        assert row["time"] == pytest.approx(before["time"])
        assert row["gflops_per_second"] == pytest.approx(before["gflops_per_second"])
    assert any(row["time_median"] > 2 * row["time"] for row in busy)
    assert busy[0]["time"] <= busy[0]["time_low"] <= busy[0]["time_median"] <= busy[0]["time_high"]


@pytest.mark.parametrize(("factor", "says"), [(1.4, False), (2.04, True)])
def test_a_busy_machine_is_told(
    factor: float, says: bool, by_macs: list[Sequence[Layer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_rounds(monkeypatch, factor)
    note = "! What else runs on this machine slowed some rounds by 2.0×: repeat it when it is quiet."
    assert (note in sepcost("bench", "lenet5").out) == says


def test_both_directions_are_three_times_the_macs(by_macs: list[Sequence[Layer]]) -> None:
    forward, both = records("lenet5"), records("lenet5", "--backward")
    for one, three in zip(forward, both):
        assert three["macs"] == one["macs"]
        assert three["gflops_per_second"] == pytest.approx(3 * one["gflops_per_second"])
        assert (one["gbytes_per_second"] is None, three["gbytes_per_second"]) == (False, None)
    assert "GFLOP/s count three times the MACs" in sepcost("bench", "lenet5", "--backward").out


def test_layers_are_sorted_and_chosen_and_sums_stay(by_macs: list[Sequence[Layer]]) -> None:
    speedups = [row["speedup"] for row in records("vgg16") if row["row"] == "layer" and row["replacement"]]
    found = records("vgg16", "--sort", "-speedup", "--top", "2")
    replaced = [row["speedup"] for row in found if row["row"] == "layer" and row["replacement"] and not row["part"]]
    assert replaced == sorted(filter(None, speedups))[:2]
    assert [row["row"] for row in found][-2:] == ["total", "total"]


def test_the_table_names_the_setup_and_flags_no_reduction_as_a_speedup(by_macs: list[Sequence[Layer]]) -> None:
    run = sepcost("bench", "lenet5", "--threads", "2", "--dtype", "bfloat16")
    title, *lines = run.out.splitlines()
    assert title.startswith(
        f"LeNet-5: torch {torch.__version__.partition('+')[0]} eager, 2 threads, bfloat16, batch 1, "
    )
    assert any(line.split()[:2] == ["separable", "6.70×"] and line.endswith("faster") for line in lines)
    assert sum("sum of the layers" in line for line in lines) == 1


def test_an_interruption_shows_what_there_is_and_says_that_it_is_partial(
    by_macs: list[Sequence[Layer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = in_torch.TorchRuntime.seconds

    def interrupted(self: in_torch.TorchRuntime, run: Callable[[], None], runs: int) -> float:
        if len(by_macs) > 8:
            raise KeyboardInterrupt
        return seconds(self, run, runs)

    monkeypatch.setattr(in_torch.TorchRuntime, "seconds", interrupted)
    run = sepcost("bench", "lenet5")
    assert run.code == 130
    assert run.err == "sepcost: interrupted: 3 of 5 layers and models are missing\n"
    assert "conv3" in run.out
    assert "conv5" not in run.out
    assert "sum of the layers" not in run.out
    assert "Partial: it was interrupted, 3 layers or models are missing" in run.out


def test_a_layer_that_cannot_run_is_named_and_the_others_are_timed(
    by_macs: list[Sequence[Layer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    build = in_torch.TorchRuntime.contender

    def failing(self: in_torch.TorchRuntime, layers: Sequence[Layer], times: int = 1) -> Callable[[], object]:
        if layers[0].type == "linear":
            raise SepcostError("torch cannot run it: no memory")
        return build(self, layers, times)

    monkeypatch.setattr(in_torch.TorchRuntime, "contender", failing)
    run = sepcost("bench", "lenet5", "--format", "csv")
    assert run.code == 2
    assert run.err.splitlines()[0] == "sepcost: fc6: torch cannot run it: no memory"
    assert {row["row"] for row in rows(run)} == {"layer"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-C 3 -K 3 -O 8", "a time is of a map, and there is none: give -H"),
        ("", "nothing to time: give a YAML file, a folder or -, or one convolution by -H, -C, -K and -O"),
        ("lenet5 -H 3", "lenet5 and -H contradict each other: give sources or one convolution"),
        ("lenet5 --threads 0", "--threads: must be at least 1, got 0"),
        ("lenet5 --threads 100000", "--threads: must be from 1 to 1,024, got 100,000"),
        ("lenet5 --min-time 0", "--min-time: must be a positive number, got 0"),
        ("lenet5 --min-time soon", "--min-time: must be a positive number such as 0.75, got soon"),
        ("lenet5 --sort speed", "--sort: nothing is called 'speed'; did you mean `speedup`?"),
        ("lenet5 --dtype int8", "--dtype: torch is timed with float32, bfloat16, float16 or float64, got int8"),
        ("lenet5 --memory-format nhwc", "--memory-format: torch is timed with contiguous or channels_last, got nhwc"),
        ("lenet5 --runtime onnxruntime --backward", "--backward: onnxruntime has no backward pass"),
        ("lenet5 --format sarif", NO_FORMAT),
    ],
)
def test_what_is_wrong_is_one_line(arguments: str, message: str) -> None:
    run = sepcost("bench", *arguments.split())
    assert (run.code, run.out, run.err) == (2, "", f"sepcost: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_time": -1.0}, "min_time: must be a positive number, got -1"),
        ({"threads": 0}, "threads: must be from 1 to 1,024, got 0"),
    ],
)
def test_what_is_wrong_is_one_line_in_python(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SepcostError) as error:
        bench("lenet5", **arguments)
    assert str(error.value) == message


def test_costs_from_earlier_are_not_timed(tmp_path: Path) -> None:
    (tmp_path / "costs.json").write_text(sepcost("compare", "lenet5", "--format", "json").out)
    run = sepcost("bench", "costs.json", cwd=tmp_path)
    assert (run.code, run.out) == (2, "")
    assert "LeNet-5: only its figures are known, from earlier: give its config or its model" in run.err


def test_a_whole_network_that_branches_is_refused(by_macs: list[Sequence[Layer]]) -> None:
    run = sepcost("bench", "resnet50", "--whole", "--top", "1")
    assert run.code == 2
    assert "--whole takes models, and plain chains of layers: layer1.0.downsample.0 is elsewhere" in run.err


def test_a_target_predicts_as_compare_does_and_is_held_against_what_is_shown(
    by_macs: list[Sequence[Layer]], tmp_path: Path
) -> None:
    target = written(tmp_path, **asdict(in_torch.TorchRuntime().setup))
    found = records("mobilenet_v1", "--target", target)
    told = rows(sepcost("compare", "mobilenet_v1", "--target", target, "--format", "csv"))
    totals = [row for row in told if row["row"] == "total"]
    layers = {row["layer"]: row for row in told if row["row"] == "layer"}
    for row in found:
        if row["kept"] or row["part"]:
            continue
        expected = totals[0] if row["row"] == "total" else layers[row["layer"]]
        prefix = "replacement." if row["replacement"] else ""
        assert row["predicted_time"] == pytest.approx(float(expected[f"{prefix}time"]))
        assert row["predicted_time_low"] == pytest.approx(float(expected[f"{prefix}time_low"]))
        assert row["time_error"] == pytest.approx(row["predicted_time"] / row["time"] - 1)
        if row["replacement"]:
            assert row["predicted_speedup"] == pytest.approx(float(expected["speedup"]))
            assert row["predicted_speedup_high"] == pytest.approx(float(expected["speedup_high"]))
            assert row["speedup_error"] == pytest.approx(row["predicted_speedup"] / row["speedup"] - 1)
    assert all(row["predicted_time"] for row in found if row["part"])


def test_a_linear_layer_on_many_positions_is_not_predicted_nor_is_the_sum(
    by_macs: list[Sequence[Layer]], tmp_path: Path
) -> None:
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "def build():\n"
        "    return torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Flatten(), torch.nn.Linear(64, 8))\n"
    )
    target = written(tmp_path, **asdict(in_torch.TorchRuntime().setup))
    run = sepcost("bench", "net.py:build", "--input", "16x8", "--target", target, "--format", "csv", cwd=tmp_path)
    found = {row["layer"] or row["row"]: row for row in rows(run) if not row["replacement"]}
    predicted = {name: bool(row["predicted_time"]) for name, row in found.items()}
    assert predicted == {"0": False, "2": True, "total": False}
    text = sepcost("bench", "net.py:build", "--input", "16x8", "--target", target, cwd=tmp_path).out
    assert "Without a prediction, as is the sum: 0 (linear layers on many positions were not measured)." in text


def test_parts_of_a_kind_that_the_target_does_not_know_are_named(
    by_macs: list[Sequence[Layer]], tmp_path: Path
) -> None:
    target = written(tmp_path, kinds=("standard", "pointwise", "linear"), **asdict(in_torch.TorchRuntime().setup))
    text = sepcost("bench", "-H", "8", "-C", "4", "-K", "3", "-O", "8", "--target", target).out
    assert "Without a prediction: conv.depthwise (no depthwise layers were measured)." in text


def test_the_table_says_how_far_off_a_target_is_and_what_it_states(
    by_macs: list[Sequence[Layer]], tmp_path: Path
) -> None:
    target = written(tmp_path, **asdict(in_torch.TorchRuntime().setup))
    found = records("lenet5", "--target", target)
    errors = [abs(row["time_error"]) for row in found if row["row"] == "layer" and not row["kept"]]
    note = next(line for line in sepcost("bench", "lenet5", "--target", target).out.splitlines() if "Predicted" in line)
    assert note.startswith(f"Predicted for by-hand, and off by {as_percent(100 * median(errors))}, speed-ups ")
    assert note.endswith("standard 4.00 %, depthwise 3.00 %, pointwise 5.00 %, linear 6.00 %.")


def test_a_target_of_another_setup_is_refused(by_macs: list[Sequence[Layer]], tmp_path: Path) -> None:
    target = written(tmp_path, **asdict(in_torch.TorchRuntime().setup))
    run = sepcost("bench", "lenet5", "--target", target, "--threads", "2", "--batch", "8")
    message = "--target by-hand is for another setup (threads: 2, not 1; batch: 8, not 1)"
    assert (run.code, run.out) == (2, "")
    assert message in run.err


class Small(nn.Module):
    """A model that says what it ran on, with a branch, a norm, and an input with a name."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.seen: list[tuple[torch.Size, bool]] = []

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        self.seen.append((image.shape, self.training))
        found = self.norm(self.conv(image)).relu()
        return {"sum": found + image.mean(), "map": found}


@pytest.mark.parametrize("backward", [False, True])
def test_a_whole_model_runs_as_it_is_and_really_replaced(backward: bool) -> None:
    model = Small()
    result = bench(model, inputs={"image": (3, 8, 8)}, batch=2, whole=True, min_time=0.001, backward=backward)
    whole = [row for row in result.rows if row.about == "whole"]
    assert [row.replacement for row in whole] == [None, "separable"]
    assert all(row.timed.samples.best > 0 for row in whole)
    assert model.seen == []
    assert "whole model" in str(result)


def test_a_whole_chain_has_its_norms_activations_and_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    run_module = in_torch.TorchRuntime.module_contender

    def looked_at(self: in_torch.TorchRuntime, module: nn.Module, *inputs: Any, **named: Any) -> Callable[[], object]:
        seen.append(" ".join(type(each).__name__ for each in module.modules()))
        return run_module(self, module, *inputs, **named)

    monkeypatch.setattr(in_torch.TorchRuntime, "module_contender", looked_at)
    run = sepcost(
        "bench", "lenet5", "mobilenet_v1", "--whole", "--min-time", "0.001", "--resolution", "32", "--top", "1"
    )
    assert (run.code, run.err) == (0, "")
    assert run.out.count("whole model") == 2
    assert any("Flatten" in each and "Linear" in each for each in seen)
    assert any(each.count("BatchNorm2d") == 14 for each in seen)


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
def test_real_runs_in_each_runtime(runtime: str) -> None:
    found = records("-H", "8", "-C", "4", "-K", "3", "-O", "4:8:4", "--runtime", runtime, "--min-time", "0.001")
    assert len(found) == 8
    assert all(row["time"] <= row["time_low"] <= row["time_median"] <= row["time_high"] for row in found)


def test_without_the_runtime_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    monkeypatch.delitem(__import__("sys").modules, "sepcost.timing.onnx_runtime", raising=False)
    run = sepcost("bench", "lenet5", "--runtime", "onnxruntime")
    assert (run.code, run.err) == (2, "sepcost: onnxruntime is not installed: pip install 'sepcost[onnxruntime]'\n")


def test_compare_imports_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, sys\n"
        "names = ('sepcost.timing', 'sepcost.targets', 'torch')\n"
        "atexit.register(lambda: print(*(each for each in sys.modules if each.startswith(names)), file=sys.stderr))"
    )
    run = in_a_process("compare", "lenet5", PYTHONPATH=f"{tmp_path}:{Path.cwd()}")
    assert run.err.strip() == ""
