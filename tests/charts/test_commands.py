"""``--plot`` in each command draws what the command's JSON says, in the view that was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.charts.test_charts import points
from tests.commands import ROOT, sepcost

CALL = 'vegaEmbed("#chart", '


def drawn(page: Path) -> dict[str, Any]:
    """The chart in a page, as Vega-Lite."""
    (line,) = [part for part in page.read_text(encoding="utf-8").split("<script>") if part.startswith(CALL)]
    spec, _ = json.JSONDecoder().raw_decode(line.removeprefix(CALL))
    return dict(spec)


def plotted(folder: Path, *arguments: str, kind: str = "") -> tuple[Any, dict[str, Any]]:
    """What a command says as JSON, and the chart that it draws."""
    page = folder / "page.html"
    run = sepcost(*arguments, "--format", "json", "--plot", f"{kind}{'=' * bool(kind)}{page}", cwd=folder)
    assert page.exists(), run.err
    return json.loads(run.out), drawn(page)


def test_a_chart_has_the_rows_of_the_table(tmp_path: Path) -> None:
    said, chart = plotted(tmp_path, "compare", "resnet50", "--sort", "macs", "--top", "4")
    expected = [layer["name"] for layer in said["networks"][0]["layers"]]
    assert list(dict.fromkeys(row["layer"] for row in points(chart))) == expected
    assert len(expected) == 4
    run = sepcost("compare", "resnet50", "--rows", "blocks", "--plot", "page.html", "--format", "csv", cwd=tmp_path)
    blocks = [line.split(",")[4] for line in run.out.splitlines()[1:]]
    assert {row["layer"] for row in points(drawn(tmp_path / "page.html"))} <= {
        "conv1",
        "fc",
        *(f"layer{n}" for n in "1234"),
    }
    assert len(blocks) > 6


def test_only_unbeaten_networks_are_drawn(tmp_path: Path) -> None:
    files = [str(ROOT / "configs" / f"{name}.yaml") for name in ("alexnet", "vgg16", "lenet5", "resnet50")]
    said, chart = plotted(tmp_path, "compare", *files, "--rows", "totals", "--pareto", "params,macs")
    expected = {network["name"] for network in said["networks"]}
    assert {row["network"] for row in points(chart) if "network" in row} == expected == {"LeNet-5"}


def test_what_has_no_number_at_an_axis_is_drawn_as_points(tmp_path: Path) -> None:
    numbers = ["-H", "28", "-C", "8", "-K", "3", "-O", "16", "--padding", "same,0"]
    _, chart = plotted(tmp_path, "compare", *numbers)
    assert {row["network"] for row in points(chart) if "network" in row} == {"padding = same", "padding = 0"}


def test_multipliers_are_written_as_they_were_typed(tmp_path: Path) -> None:
    _, chart = plotted(tmp_path, "compare", "mobilenet_v1", "--alpha", "0.5,1")
    assert {row["network"] for row in points(chart) if "network" in row} == {"alpha = 0.5", "alpha = 1"}


def test_a_benchmark_is_drawn_with_its_own_intervals(tmp_path: Path) -> None:
    said, chart = plotted(tmp_path, "bench", "lenet5", "--min-time", "0.001")
    expected = {
        (row["layer"], row["speedup"], row["speedup_low"], row["speedup_high"], row["reduction.macs"])
        for row in said["rows"]
        if row["row"] == "layer" and row["speedup"] is not None and not row["kept"]
    }
    names = ("layer", "speedup", "low", "high", "reduction")
    assert {tuple(row[name] for name in names) for row in points(chart) if "layer" in row} == expected
    assert "95 % intervals" in " ".join(chart["title"]["subtitle"])


def test_bytes_of_the_backward_pass_are_not_known(tmp_path: Path) -> None:
    options = ["lenet5", "--min-time", "0.001", "--backward", "--format", "csv", "--plot", "roofline=r.svg"]
    run = sepcost("bench", *options, cwd=tmp_path)
    assert (run.code, run.err.splitlines()[-1]) == (
        2,
        "sepcost: --plot r.svg: this result has no chart roofline (it has: speedup)",
    )


def test_energies_are_those_of_the_fit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save({"a.weight": torch.randn(8, 4, 3, 3), "b.weight": torch.randn(8, 8, 3, 3)}, tmp_path / "w.pt")
    said, chart = plotted(tmp_path, "fit", "w.pt", "-r", "separable:multiplier=1,2")
    expected = {(row["layer"], row["replacement"], row["energy"]) for row in said["rows"] if row["row"] == "layer"}
    assert {(row["layer"], row["series"], row["energy"]) for row in points(chart)} == expected


NET = "name: {}\ninput: {{C: 3, H: 8}}\nlayers:\n  - {{name: first, K: 3, O: {}}}\n  - {{name: second, K: 3, O: 8}}\n"


@pytest.mark.parametrize("several", [False, True])
def test_growth_since_a_baseline_is_drawn(tmp_path: Path, several: bool) -> None:
    files = ["a.yaml", "b.yaml"] if several else ["a.yaml"]
    for outputs in (8, 10):
        for name in files:
            (tmp_path / name).write_text(NET.format(name, outputs), encoding="utf-8")
        if outputs == 8:
            assert sepcost("check", *files, "--no-verify", "--update-baseline", "costs.json", cwd=tmp_path).code == 0
    _, chart = plotted(tmp_path, "check", *files, "--no-verify", "--baseline", "costs.json")
    first, second = 2 * 3 * 9, 2 * 9 * 8
    expected = {"first": first, "second": second} if not several else dict.fromkeys(files, first + second)
    assert {row["layer"]: row["params"] for row in points(chart)} == expected


def test_nothing_grown_is_nothing_to_draw(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NET.format("a", 8), encoding="utf-8")
    sepcost("check", "a.yaml", "--no-verify", "--update-baseline", "costs.json", cwd=tmp_path)
    run = sepcost("check", "a.yaml", "--no-verify", "--baseline", "costs.json", "--plot", "g.svg", cwd=tmp_path)
    assert (run.code, run.err) == (0, "sepcost: --plot g.svg: there is nothing to draw\n")
    assert not (tmp_path / "g.svg").exists()


def test_a_network_without_times_has_no_roofline(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "input: {C: 3, H: 8}\nlayers:\n  - {type: pool, K: 2, stride: 2}\n", encoding="utf-8"
    )
    run = sepcost("compare", "a.yaml", "--target", "example-cpu", "--plot", "roofline=r.svg", cwd=tmp_path)
    assert (run.code, run.err) == (0, "sepcost: --plot r.svg: there is nothing to draw\n")


def test_a_baseline_is_not_overwritten_by_its_picture(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NET.format("a", 8), encoding="utf-8")
    (tmp_path / "costs.svg").write_text("{}", encoding="utf-8")
    run = sepcost("check", "a.yaml", "--baseline", "costs.svg", "--plot", "costs.svg", cwd=tmp_path)
    assert (run.code, run.err) == (2, "sepcost: --plot costs.svg: is a source, and would be overwritten\n")
