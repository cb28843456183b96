"""Charts show the numbers of the JSON, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost import Conv, compare, diff, load, sweep
from sepcost.charts.charts import charts
from sepcost.charts.comparison_charts import _front
from sepcost.charts.files import ENDINGS, written
from sepcost.charts.marks import COLOURS
from sepcost.count.snapshot import Snapshot
from sepcost.sheets.view import Rows, View
from sepcost.tasks.figures import figures_of
from tests.commands import ROOT, sepcost

SWEPT = View(Rows.TOTALS, swept=("K", "O"))


def snapshots(**numbers: Any) -> list[Snapshot]:
    return [each for each in sweep(**numbers) if isinstance(each, Snapshot)]


def spec(result: str, found: Sequence[Any], kind: str, view: View | None = None) -> dict[str, Any]:
    """The chart of this kind as Vega-Lite."""
    drawn = dict(charts(result, found, view))
    return dict(drawn[kind].to_dict())


def points(chart: Any) -> list[dict[str, Any]]:
    """All rows of data that a chart has, in all of its layers."""
    if isinstance(chart, dict):
        own = chart.get("data", {}).get("values", []) if isinstance(chart.get("data"), dict) else []
        return [*own, *(row for key, part in chart.items() if key != "data" for row in points(part))]
    return [row for part in chart for row in points(part)] if isinstance(chart, list) else []


def test_curves_are_the_reductions_of_the_command() -> None:
    run = sepcost("compare", *["-H", "56", "-C", "64", "-K", "3,5", "-O", "8:64:8", "--format", "json"])
    expected = set()
    for each in json.loads(run.out)["networks"]:
        reduction = each["total"]["replacements"]["separable"]["reduction"]["macs"]
        expected.add((f"K = {each['swept']['K']}", each["swept"]["O"], reduction))
    found = points(spec("comparisons", snapshots(H=56, C=64, K=[3, 5], O="8:64:8"), "reduction", SWEPT))
    assert {(row["series"], row["x"], row["reduction"]) for row in found if "x" in row} == expected


@pytest.mark.parametrize(
    ("numbers", "limit"),
    [
        ({"K": 3, "O": [8, 16]}, "K² = 9×"),
        ({"K": 5, "O": [8, 16], "stride": 2}, "K² = 25×"),
        ({"K": [7], "O": [8, 16], "replacements": "separable:multiplier=2"}, "24.5×"),
        ({"K": "3x5", "O": [8, 16]}, "15.0×"),
        ({"K": 3, "O": "C", "C": [8, 16]}, "K² = 9×"),
        ({"K": 3, "O": 16, "C": [8, 16], "replacements": "blueprint"}, "K² = 9×"),
        ({"K": 3, "O": [8, 16], "size": "16"}, "K = 3×"),
    ],
)
def test_the_limit_is_that_of_the_closed_form(numbers: dict[str, Any], limit: str) -> None:
    """``K²·O / (m·(K² + O))`` tends to ``K²/m`` for ever more outputs."""
    found = snapshots(**({"C": 8, **numbers} if "size" in numbers else {"H": 28, "C": 8, **numbers}))
    swept = tuple(found[0].swept)
    drawn = points(spec("comparisons", found, "reduction", View(Rows.TOTALS, swept=swept)))
    assert {row["limit"] for row in drawn if "limit" in row} == {limit}


def test_a_number_that_is_not_of_channels_has_no_limit() -> None:
    found = snapshots(H=[7, 14, 28], C=8, K=3, O=8)
    assert not any("limit" in row for row in points(spec("comparisons", found, "reduction", View(swept=("H",)))))


def test_layers_are_those_of_the_json() -> None:
    run = sepcost("compare", "mobilenet_v1", "-r", "separable", "-r", "blueprint", "--format", "json")
    (network,) = json.loads(run.out)["networks"]
    expected = set()
    for layer in network["layers"]:
        expected.add((layer["name"], "standard", layer["standard"]["flops"]))
        for text, each in layer["replacements"].items():
            if each.get("kept") is None:
                expected.add((layer["name"], text, each["flops"]))
    result = figures_of(compare(load("configs/mobilenet_v1.yaml"), replacements=["separable", "blueprint"]))
    found = points(spec("comparisons", [result], "layers"))
    assert {(row["layer"], row["series"], row["flops"]) for row in found} == {row for row in expected if row[2]}


def test_a_network_of_many_layers_shows_those_with_the_most() -> None:
    layers = [{"name": f"n{number}", "K": 3, "O": 8 + number} for number in range(300)]
    result = figures_of(compare({"input": {"C": 3, "H": 8}, "layers": layers}, replacements=[]))
    drawn = spec("comparisons", [result], "layers")
    names = {row["layer"] for row in points(drawn)}
    assert (len(names), names & {"n0", "n299"}) == (200, {"n299"})
    assert "The 200 of 300 layers with the most." in drawn["title"]["subtitle"]


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=30))
def test_the_front_is_what_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    found = [(row["flops"], row["params"]) for row in _front([{"flops": f, "params": p} for f, p in pairs])]
    best = {p for p in pairs if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in pairs)}
    assert found == sorted(best)


def test_networks_are_points_of_their_totals() -> None:
    names = ("configs/alexnet.yaml", "configs/vgg16.yaml")
    found = [figures_of(compare(load(name))) for name in names]
    drawn = points(spec("comparisons", found, "networks", View(Rows.TOTALS)))
    expected = {(each.name, "standard", each.total["flops"], each.total["params"]) for each in found}
    assert expected <= {(row["network"], row["series"], row["flops"], row["params"]) for row in drawn}


def test_a_roof_is_over_all_that_is_predicted_below_it() -> None:
    result = figures_of(compare(load("configs/mobilenet_v1.yaml"), target="example-cpu"))
    chart = spec("comparisons", [result], "roofline")
    roof, rest = (part["data"]["values"] for part in chart["layer"])
    peak = max(row["rate"] for row in roof)
    slope = max(row["rate"] / row["intensity"] for row in roof)
    assert len(roof) == 3
    assert all(row["rate"] < min(peak, slope * row["intensity"]) * 1.2 for row in rest)
    layer = next(layer for layer in result.layers if layer.name == rest[0]["layer"])
    assert rest[0]["rate"] == pytest.approx(2 * layer.figures["macs"] / layer.figures["time"] / 1e9)
    gains = points(spec("comparisons", [result], "speedup"))
    by_layer = {layer.name: layer for layer in result.layers}
    for row in (row for row in gains if "layer" in row):
        assert row["speedup"] == by_layer[row["layer"]].replaced["separable"].figures["speedup"]
        assert row["low"] <= row["speedup"] <= row["high"]


def test_growth_is_after_less_before() -> None:
    difference = diff("configs/mobilenet_v1.yaml", "configs/mobilenet_v2.yaml")
    rows = {row["layer"]: row for row in points(spec("difference", [difference], "growth"))}
    total = difference.total["params"].difference
    assert sum(row["params"] for row in rows.values()) == total
    assert not charts("difference", [diff("configs/vgg16.yaml", "configs/vgg16.yaml")])


HOSTILE = "</script><script>alert(1)</script> datum['x'] \u202e {{7*7}} \x1b[31m \0 " + "long" * 35


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_hostile_name_stays_text(ending: str) -> None:
    layers = [{"name": HOSTILE, "H": 8, "C": 3, "K": 3, "O": 8}, {"name": "b", "K": 3, "O": 8}]
    (drawn,) = charts("comparisons", [figures_of(compare({"name": HOSTILE, "layers": layers}))])
    content = written(drawn.chart, ending)
    assert content.startswith({".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".html": b"<!DOCTYPE"}[ending])
    if ending == ".svg":
        root = ElementTree.fromstring(content)
        assert not [each for each in root.iter() if each.tag.rpartition("}")[2] == "script"]
        assert "{{7*7}}" in " ".join(root.itertext())
    if ending == ".html":
        assert b"</script><script>alert(1)" not in content
        assert b'src="http' not in content


def test_a_chart_is_the_same_each_time() -> None:
    found = [figures_of(compare(Conv((8, 8), 3, 8, 3)))]
    first, second = (written(charts("comparisons", found)[0].chart, ".svg") for _ in range(2))
    assert first == second


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_are_seen_on_white_and_on_black(colour: str) -> None:
    assert 0.1 < luminance(colour) < 0.5


def test_pictures_are_written_beside_the_table(tmp_path: Path) -> None:
    curve, roof = tmp_path / "reduction.svg", tmp_path / "roof.html"
    run = sepcost(
        "compare", *["-H", "56", "-C", "64", "-K", "3,5", "-O", "8:64:8", "--format", "csv", "--plot"], str(curve)
    )
    assert (run.code, run.err, run.out.count("\n")) == (0, "", 17)
    assert "K² = 9×" in curve.read_text(encoding="utf-8")
    run = sepcost("compare", "mobilenet_v1", "--target", "example-cpu", "--plot", f"roofline={roof}", "--top", "3")
    assert run.code == 0
    assert roof.stat().st_size > 800_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("vgg16 --plot x.jpg", "--plot x.jpg: must end in .svg, .png, .pdf or .html"),
        ("vgg16 --plot rooflin=x.svg", "--plot: there is no chart 'rooflin'; did you mean `roofline`? (there are: "
         "reduction, networks, layers, roofline and speedup)"),
        ("vgg16 --plot no/x.svg", "--plot no/x.svg: cannot be written: there is no folder HERE/no"),
        ("vgg16 --plot x.svg --plot layers=x.svg", "--plot x.svg: is written twice: give another name"),
        ("-H 8 -C 1:999:1 -K 3 -O 1:99:1 --format csv --plot x.svg", "--plot: more than 10,000 rows are too many for a "
         "chart: use --top 20, or --filter"),
        ("-C 8 -K 3 -O 8 --explain --plot x.svg", "--explain derives the exact numbers of a convolution: leave out "
         "--plot"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_before_anything_is_counted(
    arguments: str, message: str, tmp_path: Path
) -> None:
    run = sepcost("compare", *arguments.split(), cwd=tmp_path)
    assert (run.code, run.out, run.err) == (2, "", f"sepcost: {message.replace('HERE', str(tmp_path))}\n")
    assert not list(tmp_path.iterdir())


def test_a_chart_that_the_result_does_not_have_is_named(tmp_path: Path) -> None:
    run = sepcost("compare", "vgg16", "--plot", "roofline=x.svg", cwd=tmp_path)
    assert (run.code, run.err) == (2, "sepcost: --plot x.svg: this result has no chart roofline (it has: layers)\n")
    run = sepcost("diff", "vgg16", "vgg16", "--plot", "x.svg", cwd=tmp_path)
    assert (run.code, run.err) == (0, "sepcost: --plot x.svg: there is nothing to draw\n")


def test_without_a_picture_nothing_of_it_is_imported() -> None:
    code = "import sys; from sepcost.cli.app import run; run(['compare', 'lenet5']); print({'altair'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
