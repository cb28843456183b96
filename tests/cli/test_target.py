"""``sepcost target``: grids are timed elsewhere and learned from, targets are kept by name, nothing else is lost."""

from __future__ import annotations

import csv
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from sepcost import Linear
from sepcost.layers import Layer
from sepcost.sources.targets.kept import read_target
from sepcost.targets.layer_grid import random_layers
from sepcost.targets.profile import Point
from sepcost.targets.setup import Setup
from sepcost.targets.work import kind_of
from sepcost.tasks import learning
from sepcost.timing import run_grid
from sepcost.timing.onnx_runtime import OnnxRuntime
from tests.commands import Run, sepcost

HEAD = "file,type,size,C,O,K,stride,padding,groups,dilation,transposed,output_padding,seconds"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where learned targets are kept."""
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    return tmp_path / "data" / "targets"


def seconds_of(layer: Layer) -> float:
    return 1e-5 + 2 * layer.cost.macs / 50e9


def grid(folder: Path, *options: str) -> list[dict[str, str]]:
    run = sepcost("target", "export-grid", str(folder), *options)
    assert (run.code, run.out) == (0, "")
    with (folder / "times.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def macs_of(row: dict[str, str]) -> int:
    """Of a row with padding same: by the closed form."""
    positions = 1
    for size in filter(None, row["size"].split("x")):
        positions *= -(-int(size) // int(row["stride"]))
    kernel = int(row["K"] or 1) ** len(row["size"].split("x"))
    return int(positions * int(row["C"]) * int(row["O"]) * kernel) // int(row["groups"] or 1)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("exported") / "grid"
    return folder, grid(folder, "--layers", "60", "--max-macs", "1M", "--seed", "3")


def filled(exported: tuple[Path, list[dict[str, str]]], to: Path, **remarks: str) -> Path:
    """Its CSV with times, in another place."""
    lines = [f"# {name}: {text}" for name, text in remarks.items()] + [HEAD]
    lines += [",".join({**row, "seconds": f"{1e-5 + macs_of(row) / 25e9:.6g}"}.values()) for row in exported[1]]
    to.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return to


def test_a_grid_is_onnx_files_of_its_rows(exported: tuple[Path, list[dict[str, str]]]) -> None:
    folder, rows = exported
    assert len(rows) == 60
    assert sorted(path.name for path in folder.iterdir()) == [*(row["file"] for row in rows), "run.py", "times.csv"]
    for row in rows:
        graph = onnx.load(folder / row["file"]).graph
        (node,) = graph.node
        assert node.op_type == {"conv": "Conv", "linear": "Gemm"}[row["type"]]
        shape = [each.dim_value for each in graph.input[0].type.tensor_type.shape.dim]
        assert shape == [1, int(row["C"]), *map(int, filter(None, row["size"].split("x")))]
        assert macs_of(row) <= 1_000_000
        assert row["seconds"] == ""


def test_the_script_of_a_grid_fills_its_csv_and_the_target_is_what_it_ran_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = grid(tmp_path / "grid", "--layers", "50", "--max-macs", "20k")
    text = (tmp_path / "grid" / "run.py").read_text(encoding="utf-8")
    assert text == Path(run_grid.__file__).read_text(encoding="utf-8")
    monkeypatch.setattr(run_grid, "ENOUGH", 0.0)
    monkeypatch.setattr(run_grid, "PASSES", 1)
    run_grid.main(tmp_path / "grid", 1)
    run = sepcost("target", "learn", "here", "--from", str(tmp_path / "grid"), "--format", "json")
    (target,) = json.loads(run.out)["targets"]
    assert run.code == 0
    known = len(rows) - run.err.count("left out")
    assert (target["setup"]["runtime"], target["setup"]["threads"], target["points"]) == ("onnxruntime", 1, known)
    assert Setup(**target["setup"]).differences(OnnxRuntime().setup) == []
    assert runpy.run_path(str(tmp_path / "grid" / "run.py"), run_name="not main")["PASSES"] == 5


def test_a_grid_never_goes_into_a_folder_with_anything_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    run = sepcost("target", "export-grid", str(tmp_path))
    assert (run.code, run.err) == (2, f"sepcost: {tmp_path}: is there already, and not empty: name a new folder\n")


def test_a_filled_csv_is_learned_kept_listed_and_shown(
    exported: tuple[Path, list[dict[str, str]]], tmp_path: Path, kept: Path
) -> None:
    times = filled(exported, tmp_path / "times.csv", runtime="tflite", version="2.17", processor="Pixel 8", threads="2")
    run = sepcost("target", "learn", "pixel8", "--from", str(times), "--threads", "4")
    assert run.code == 0
    assert run.out.startswith("pixel8: tflite 2.17, 4 threads, float32, batch 1, Pixel 8\n")
    assert run.err.startswith("sepcost: learned pixel8 from 60 layers; off by ")
    profile = read_target("pixel8")
    assert dict(profile.points) == {
        layer: pytest.approx(seconds_of(layer), rel=1e-5) for layer in (point.layer for point in profile.points)
    }
    listed = json.loads(sepcost("target", "list", "--format", "json").out)["targets"]
    assert [(each["name"], each["path"]) for each in listed][1:] == [("pixel8", str(kept / "pixel8.json"))]
    (shown,) = json.loads(sepcost("target", "show", "pixel8", "--format", "json").out)["targets"]
    assert shown == listed[1]
    assert shown["laws"]["standard"]["points"] == sum(kind_of(layer) == "standard" for layer, _ in profile.points)
    assert sepcost("target", "show", str(kept / "pixel8.json")).out == sepcost("target", "show", "pixel8").out
    again = sepcost("target", "learn", "pixel8", "--from", str(times))
    assert f"from 60 layers, in place of the one learned {profile.learned}; off by" in again.err


def test_a_planted_outlier_is_left_out_and_named(
    exported: tuple[Path, list[dict[str, str]]], tmp_path: Path, kept: Path
) -> None:
    said, head, *lines = (
        filled(exported, tmp_path / "times.csv", runtime="any", processor="any")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    wrong = lines[7].rpartition(",")
    lines[7] = f"{wrong[0]},{50 * float(wrong[2]):.6g}"
    (tmp_path / "times.csv").write_text("\n".join([said, head, *lines]), encoding="utf-8")
    run = sepcost("target", "learn", "odd", "--from", str(tmp_path / "times.csv"))
    assert run.code == 0
    assert "sepcost: left out, since it is unlike all other " in run.err
    assert "learned odd from 59 layers" in run.err


def test_milliseconds_and_several_columns_are_read_and_the_best_counts(tmp_path: Path) -> None:
    rows = [f"linear,,{16 * number},{number},{number}.5,{number + 0.25:g}" for number in range(1, 30)]
    (tmp_path / "t.csv").write_text("\n".join(["# batch: 8", "type,size,C,O,ms_1,ms_2", *rows]))
    out = tmp_path / "p.json"
    run = sepcost(
        "target", "learn", "--from", str(tmp_path / "t.csv"), "--runtime", "mine 1", "--processor", "X",
        "--output", str(out),
    )  # fmt: skip
    assert run.code == 0
    profile = read_target(str(out))
    assert profile.points[4] == Point(Linear(80, 5), 0.00525)
    assert (profile.setup.runtime, profile.setup.version, profile.setup.batch) == ("mine", "1", 8)


CONV = "layer-0001.onnx,conv,8x8,4,8,3,1,same,1,1,false,0"
WRONG: dict[str, tuple[str, list[str]]] = {
    "missing": (f"{HEAD}\n{CONV},\n", ["2:1: has no time: measure it, or leave the row out"]),
    "negative": (f"{HEAD}\n{CONV},-1e-3\n", ["2:1: seconds: must be a time from 1e-09 to 3600 s, got -1e-3"]),
    "zero, and not a number": (
        f"{HEAD}\n{CONV},0\n{CONV},nan\n",
        [f"{at}:1: seconds: must be a time from 1e-09 to 3600 s, got {what}" for at, what in ((2, "0"), (3, "nan"))],
    ),
    "duplicate": (f"{HEAD}\n\n{CONV},1e-3\n{CONV},1e-3\n", ["4:1: is the layer of line 3 again: leave one out"]),
    "unknown": (f"{HEAD}\n{CONV.replace('conv', 'pool')},1\n", ['2:1: type: must be conv or linear, got "pool"']),
    "no layer": (
        f"{HEAD}\n{CONV.replace('same,1', 'same,3')},1\n",
        ["2:1: groups: must divide in_channels, got 3 groups of 4 channels"],
    ),
    "no size": (f"{HEAD}\n{CONV.replace('8x8', '8*8')},1\n", ["2:1: size: must be a whole number, or sizes such as"]),
    "no kernel": ("type,size,C,O,ms\nconv,8x8,4,8,1\n", ["2:1: K: is missing"]),
    "a cell too many": (f"{HEAD}\n{CONV},1,1\n", ["2:1: has 14 values for 13 columns"]),
    "an unknown column": ("type,size,C,O,ms,sconds\n", ["1:1: there is no column sconds; did you mean `seconds`?"]),
    "no column of times": ("type,size,C,O\n", ["1:1: has no column of times: call it seconds, ms or us"]),
    "no layers": (f"{HEAD}\n", [" has no layers"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_row_is_a_line(name: str, tmp_path: Path, kept: Path) -> None:
    text, expected = WRONG[name]
    (tmp_path / "times.csv").write_text(text)
    run = sepcost("target", "learn", "--from", "times.csv", "--runtime", "x", "--processor", "y", cwd=tmp_path)
    assert (run.code, run.out) == (2, "")
    lines = run.err.splitlines()
    assert len(lines) == len(expected)
    for line, message in zip(lines, expected):
        assert f"times.csv:{message}" in line
    assert not kept.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing says the runtime: give --runtime, or a line `# runtime: …` in times.csv"),
        (("--runtime", "x"), "nothing says the processor: give --processor, or a line `# processor: …` in times.csv"),
        (
            ("--runtime", "x", "--processor", "y", "--dtype", "float31"),
            "there is no dtype float31; did you mean `float32`",
        ),
        (("--runtime", "x", "--processor", "y", "--threads", "0"), "threads: must be from 1 to 1,000,000, got 0"),
        (("--runtime", "x", "--processor", "y"), "(1): it takes 8 of a kind: time more layers"),
        (("--like", "lenet5"), "--like is for what is measured here: leave out --from or --like"),
    ],
)
def test_what_does_not_fit_is_a_line(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text(f"{HEAD}\n{CONV},1e-3\n")
    run = sepcost("target", "learn", "--from", "times.csv", *options, cwd=tmp_path)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert message in run.err


TFLITE = """INFO: Num threads: [4]
INFO: Graph: [/sdcard/{layer}.tflite]
INFO: count=9 first=87112 curr=51629 min=51629 max=87112 avg=58147.4 std=11478 p5=51629 median=51962 p95=87112
INFO: count=50 first=990 curr=1000 min=980 max=1100 avg=1.01e+03 std=9 p5=985 median={us} p95=1050
INFO: Inference timings in us: Init: 5579, First inference: 1357602, Warmup (avg): 1.3576e+06, Inference (avg): 1.01e+03
"""
OLD_TFLITE = "Inference timings in us: Init: 4521, First inference: 38234, Warmup (avg): 37856, Inference (avg): {us}\n"
TRTEXEC = """[10/11/2023-09:45:10] [I] Selected Device: Tesla T4
[10/11/2023-09:45:10] [I] TensorRT version: 8.4.1
&&&& RUNNING TensorRT.trtexec [TensorRT v8401] # trtexec --onnx=grid/{layer}.onnx
[05/09/22] [I] Latency: min = 2.05615 ms, max = 2.59482 ms, mean = 9 ms, median = 9 ms, percentile(99%) = 9 ms
[05/09/22] [I] GPU Compute Time: min = 1 ms, max = 2 ms, mean = 2 ms, median = {ms} ms, percentile(99%) = 2 ms
[05/09/2022-06:27:25] [I] Total GPU Compute Time: 2.99956 s
"""


def outputs(exported: tuple[Path, list[dict[str, str]]], folder: Path, write: Callable[[str, float], None]) -> Path:
    """A folder with its CSV, and what ``write`` makes of each layer's name and seconds."""
    folder.mkdir(exist_ok=True)
    (folder / "times.csv").write_bytes((exported[0] / "times.csv").read_bytes())
    for row in exported[1]:
        write(Path(row["file"]).stem, 1e-5 + macs_of(row) / 25e9)
    return folder


def learned_from(folder: Path, *options: str) -> Any:
    run = sepcost("target", "learn", "there", "--from", str(folder), *options)
    assert run.code == 0, run.err
    for layer, seconds in read_target("there").points:
        assert seconds == pytest.approx(seconds_of(layer), rel=1e-5)
    return read_target("there").setup


def test_outputs_of_benchmark_model_are_read_by_their_names(
    exported: tuple[Path, list[dict[str, str]]], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    text = TFLITE.replace("{layer}", "model")
    outputs(exported, folder, lambda layer, s: void((folder / f"{layer}.txt").write_text(text.format(us=s * 1e6))))
    setup = learned_from(folder, "--processor", "Pixel 8")
    assert (setup.runtime, setup.threads, setup.processor, setup.device) == ("tflite", 4, "Pixel 8", "cpu")
    folder = tmp_path / "old"
    outputs(
        exported, folder, lambda layer, s: void((folder / f"{layer}.log").write_text(OLD_TFLITE.format(us=s * 1e6)))
    )
    assert learned_from(folder, "--processor", "Pixel 8").threads == 1


def test_outputs_of_trtexec_are_read_from_one_file_by_what_it_ran(
    exported: tuple[Path, list[dict[str, str]]], tmp_path: Path
) -> None:
    folder, texts = tmp_path / "grid", list[str]()
    outputs(exported, folder, lambda layer, s: texts.append(TRTEXEC.format(layer=layer, ms=s * 1e3)))
    (folder / "all.log").write_text("".join(texts))
    assert learned_from(folder).title == "tensorrt 8.4.1, cuda, float32, batch 1, Tesla T4"


def test_each_wrong_output_is_a_line(exported: tuple[Path, list[dict[str, str]]], tmp_path: Path) -> None:
    folder = tmp_path / "grid"

    def write(layer: str, seconds: float) -> None:
        if layer != "layer-0001":
            (folder / f"{layer}.txt").write_text(OLD_TFLITE.format(us=seconds * 1e6))

    outputs(exported, folder, write)
    (folder / "layer-0002.txt").write_text("Segmentation fault\n")
    (folder / "layer-0003.txt").write_text(OLD_TFLITE.format(us="-1"))
    (folder / "layer-0099.txt").write_text(OLD_TFLITE.format(us="7"))
    (folder / "other.txt").write_text(OLD_TFLITE.format(us="7"))
    (folder / "twice.txt").write_text("layer-0004\n" + OLD_TFLITE.format(us="7"))
    run = sepcost("target", "learn", "--from", "grid", "--processor", "x", cwd=tmp_path)
    assert (run.code, run.out) == (2, "")
    assert [line.removeprefix("grid/") for line in run.err.splitlines()] == [
        "layer-0002.txt: has no time: it is no output of benchmark_model or trtexec",
        "layer-0003.txt:1:1: must be a time from 1e-09 to 3600 s, got -1",
        "layer-0099.txt:1:1: is of layer-0099, which times.csv does not have",
        "other.txt:1:1: is of no layer: name the file after it",
        *(f"times.csv:{line}:1: has no time: measure it, or leave the row out" for line in (2, 3, 4)),
        "twice.txt:2:1: is of layer-0004, as layer-0004.txt:1 is: leave one out",
    ]


def void(_: object) -> None:
    """No value."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No measuring: the points are synthetic."""
    asked: list[Any] = []

    def measured(runtime: Any, fit: Any, minutes: float, seed: int, like: Any, events: Any) -> list[Point]:
        asked.extend((runtime.setup.threads, minutes, seed, len(like)))
        return [Point(layer, seconds_of(layer)) for layer in random_layers(80, seed, like)]

    monkeypatch.setattr(learning, "measured_points", measured)
    return asked


def test_this_machine_is_learned_as_local(quick: list[Any], kept: Path, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("input: {C: 3, H: 8}\nlayers:\n- {K: 3, O: 8}\n")
    run = sepcost(
        "target", "learn", "--minutes", "0.5", "--seed", "7", "--threads", "2", "--like", "net.yaml", cwd=tmp_path
    )
    assert run.code == 0
    assert quick == [2, 0.5, 7, 3]  # its layer, and the two that replace it
    assert read_target("local").setup.threads == 2
    assert [path.name for path in kept.iterdir()] == ["local.json"]


def test_an_interruption_keeps_nothing(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    def interrupted(*_: object) -> list[Point]:
        raise KeyboardInterrupt

    monkeypatch.setattr(learning, "measured_points", interrupted)
    run = sepcost("target", "learn")
    assert (run.code, run.out) == (130, "")
    assert run.err == "sepcost: interrupted: nothing is stored for local\n"
    assert not kept.exists()


def test_a_profile_in_a_file_of_its_own_is_called_as_the_file(quick: list[Any], tmp_path: Path) -> None:
    for options, name in ((["--output"], "mine"), (["given", "--output"], "given")):
        assert sepcost("target", "learn", *options, str(tmp_path / "mine.json")).code == 0
        assert read_target(str(tmp_path / "mine.json")).name == name


def test_what_a_target_is_too_bad_for_is_its_last_line(quick: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object) -> list[Point]:
        layers = [Linear(16 * number, 16) for number in range(1, 31)]
        return [Point(layer, seconds_of(layer)) for layer in layers[:count]]

    monkeypatch.setattr(learning, "measured_points", measured)
    count = 30
    run = sepcost("target", "learn")
    assert "good enough" not in run.err
    (header, _, row) = run.out.splitlines()[1:4]
    assert dict(zip(header.split()[3:5], row.split()[1:3])) == {"points": "30", "tried": "6"}
    count = 20
    assert sepcost("target", "learn").err.splitlines()[-1] == (
        "sepcost: not good enough to decide by (linear): measure longer (--minutes), "
        "on a machine that does nothing else"
    )
    count = 7
    assert "(7): it takes 8 of a kind: measure longer (--minutes)" in sepcost("target", "learn").err


def test_more_layers_than_a_profile_holds_are_a_line_and_few_in_a_grid_a_hint(tmp_path: Path, kept: Path) -> None:
    rows = [f"linear,,{number},{out},1" for number in range(1, 102) for out in range(1, 41)]
    (tmp_path / "t.csv").write_text("\n".join(["type,size,C,O,ms", *rows]))
    run = sepcost("target", "learn", "--from", "t.csv", "--runtime", "x", "--processor", "y", cwd=tmp_path)
    assert (run.code, run.err) == (2, "sepcost: 4,040 linear layers are too many: leave all but 4,000 out\n")
    hint = "--layers 12: a kind of layer needs 8 to be learned"
    assert hint in sepcost("target", "export-grid", "grid", "--layers", "12", "--max-macs", "20k", cwd=tmp_path).err


def test_nothing_but_a_profile_is_replaced(quick: list[Any], tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    run = sepcost("target", "learn", "--output", str(mine))
    assert (run.code, mine.read_text()) == (2, "{}")
    assert run.err == f"sepcost: {mine}: is no profile of a target, and would be overwritten\n"
    mine.write_text('{\n"kind": "target",\n<<<<<<<')
    assert sepcost("target", "learn", "example-cpu", "--output", str(mine)).code == 0
    assert read_target(str(mine)).name == "example-cpu"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("learn", "example-cpu"), "example-cpu is a target that sepcost ships: choose another name, or give --output"),
        (("learn", "../x"), "NAME: must be letters, digits, - and _, at most 60, got ../x"),
        (("learn", "--runtime", "tourch"), "runtime must be torch or onnxruntime, got 'tourch'; did you mean `torch`?"),
        (("learn", "--runtime", "onnxruntime", "--dtype", "float16"), "dtype: onnxruntime is timed with float32 only"),
        (("learn", "--processor", "x"), "--processor is for --from: here it is known"),
        (("learn", "--minutes", "0"), "--minutes: must be a positive number, got 0"),
        (("learn", "--threads", "100000"), "--threads: must be from 1 to 1,024, got 100,000"),
        (("learn", "--minutes", "-1"), "--minutes: must be a positive number such as 0.75, got -1"),
        (("show", "locl"), "there is no target 'locl' (there is example-cpu)"),
        (("show", "nowhere/x.json"), "nowhere/x.json: cannot be read: no such file or directory"),
        (("export-grid", "grid", "--layers", "0"), "--layers: must be at least 1, got 0"),
        (("export-grid", "grid", "--max-macs", "5"), "there are only "),
        (("export-grid", "grid", "--like", "nowhere.yaml"), "nowhere.yaml: cannot be read: no such file or directory"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_a_line(
    arguments: tuple[str, ...], message: str, quick: list[Any], tmp_path: Path
) -> None:
    run = sepcost("target", *arguments, cwd=tmp_path)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert message in run.err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_profile_hides_no_other(quick: list[Any], kept: Path) -> None:
    sepcost("target", "learn")
    (kept / "broken.json").write_text('{"kind": "target",\n"schema_version": 7}')
    run: Run = sepcost("target", "list", "--format", "json")
    assert run.code == 2
    assert [each["name"] for each in json.loads(run.out)["targets"]] == ["example-cpu", "local"]
    assert run.err == (
        f"{kept / 'broken.json'}:2:1: schema_version: 7 is newer than this sepcost, which reads 1: update sepcost\n"
    )
