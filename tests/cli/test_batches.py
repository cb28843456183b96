"""Many networks at once: streams, totals, sorting, chosen columns."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Timer

import pytest

from sepcost.formats.registry import format_names
from tests.commands import ROOT, Run, clean_environment, sepcost


def network(name: str, channels: int) -> str:
    layers = [{"K": 3, "O": channels}, {"K": 3, "O": 2 * channels}]
    return json.dumps({"name": name, "input": {"C": 3, "H": 8}, "layers": layers})


def compare(*arguments: str, stdin: str = "") -> Run:
    return sepcost("compare", *arguments, stdin=stdin)


def rows(*arguments: str, stdin: str = "") -> list[dict[str, str]]:
    run = compare(*arguments, "--format", "csv", stdin=stdin)
    assert (run.code, run.err) == (0, "")
    return list(csv.DictReader(io.StringIO(run.out)))


def macs(channels: int) -> int:
    return 8 * 8 * 9 * (3 * channels + channels * 2 * channels)


STREAM = "".join(network(name, channels) + "\n" for name, channels in (("b", 8), ("a", 4), ("c", 16), ("d", 4)))


def test_totals_leave_the_layers_out() -> None:
    (line,) = json.loads(compare("configs/m5.yaml", "--rows", "totals", "--format", "json").out)["networks"]
    assert "layers" not in line
    assert line["total"]["standard"]["macs"] == 1_880_256
    assert "\nconv1" not in compare("configs/m5.yaml", "--rows", "totals").out
    assert [row["macs"] for row in rows("configs/m5.yaml", "--rows", "totals")] == ["1880256"]


def test_networks_are_sorted_by_any_name_of_the_json() -> None:
    by_macs = rows("-", "--rows", "totals", "--sort", "macs", stdin=STREAM)
    assert [(row["network"], int(row["macs"])) for row in by_macs] == [
        ("c", macs(16)),
        ("b", macs(8)),
        ("a", macs(4)),
        ("d", macs(4)),
    ]
    assert [row["network"] for row in rows("-", "--rows", "totals", "--sort", "name", stdin=STREAM)] == list("abcd")
    top = rows("-", "--rows", "totals", "--sort", "-macs", "--top", "2", stdin=STREAM)
    assert [row["network"] for row in top] == ["a", "d"]


@pytest.mark.parametrize("format_", format_names())
def test_sort_and_top_hold_in_every_format(format_: str) -> None:
    arguments = ("-", "--rows", "totals", "--sort", "params", "--top", "1", "--format", format_)
    assert compare(*arguments, stdin=STREAM).out == compare(*arguments, stdin=network("c", 16)).out


def test_layers_are_sorted_within_their_network() -> None:
    layers = [row for row in rows("configs/vgg16.yaml", "--sort", "reduction.macs", "--top", "3") if row["part"] == ""]
    ratios = [float(row["reduction.macs"]) for row in layers if row["row"] == "layer"]
    assert len(ratios) == 3
    assert ratios == sorted(ratios, reverse=True)
    (total,) = [row for row in layers if row["row"] == "total"]
    assert int(total["macs"]) == 15_470_264_320
    assert "3 of 22 layers" in compare("configs/vgg16.yaml", "--sort", "reduction.macs", "--top", "3").out


def test_columns_are_those_that_were_asked_for_behind_what_a_row_is() -> None:
    first = rows("configs/m5.yaml", "--columns", "params,macs,reduction.macs")[0]
    assert list(first) == ["network", "row", "layer", "replacement", "params", "macs", "reduction.macs"]
    run = compare("configs/m5.yaml", "--columns", "kernel,replacement.params,reduction.macs", "--format", "json")
    layer = json.loads(run.out)["networks"][0]["layers"][0]
    assert layer == {
        "name": "conv1",
        "kernel": [80],
        "kept": None,
        "standard": {},
        "replacements": {
            "separable": {
                "params": 211,
                "reduction": {"macs": layer["replacements"]["separable"]["reduction"]["macs"]},
                "costs_more": False,
                "kept": None,
            }
        },
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sort", "reduction.mac"), "--sort: nothing is called 'reduction.mac'; did you mean `reduction.macs`?"),
        (("--columns", "parms,macs"), "--columns: nothing is called 'parms'; did you mean `params`?"),
        (("--columns", ""), "--columns: nothing is called ''"),
        (("--rows", "totals", "--sort", "kernel"), "--sort: nothing is called 'kernel'"),
        (("--top", "0"), "--top: must be at least 1, got 0"),
        (("--top", "many"), "--top: must be a whole number, got many"),
        (("--sort", "-"), "--sort: nothing is called ''"),
        (("--rows", "total"), "Invalid value for '--rows': 'total' is not one of 'layers', 'totals', 'blocks', 'ty"),
        (("--alpha", "0.5,x"), "--alpha: must be a positive number such as 0.75, got x"),
        (
            ("--alpha", "0.5:1"),
            "--alpha: a range is from:to:step or from:to:*factor, such as 16:512:16 or",
        ),
        (("--alpha", "0:1:0.5"), "--alpha: must be between 0.001 and 1000, got 0"),
        (("--resolution", "224:128:32"), "--resolution: a range goes up from its first number to its last"),
        (("--batch", "1,0"), "--batch: must be at least 1, got 0"),
        (("--flops-per-mac", "1,2"), "--flops-per-mac: must be a whole number, got 1,2"),
        (("-r", "separable:multiplier=1,0"), "separable: option multiplier must be between 1 and 2147483647, got 0"),
        (("-r", "separable:multiplier=1:x:1"), "option multiplier: a range is from:to:step or from:"),
    ],
)
def test_a_wrong_wish_gets_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    run = compare("configs/m5.yaml", *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"sepcost: {message}")
    assert run.err.count("\n") == 1


def test_too_many_rows_for_a_table_are_refused_before_anything_is_counted() -> None:
    sweep = ("-H", "8", "-C", "1:101:1", "-K", "3", "-O", "1:100:1")
    run = compare(*sweep)
    assert (run.code, run.out) == (2, "")
    assert run.err == ("sepcost: more than 10,000 rows are too many for a table: use --format csv, or --top 20\n")
    assert compare(*sweep, "--sort", "macs", "--top", "2").code == 0
    assert len(compare(*sweep, "--format", "csv").out.splitlines()) == 10_101


def test_what_is_wrong_in_a_sweep_is_reported_and_the_rest_goes_on() -> None:
    run = compare("-H", "8", "-C", "6", "-K", "3", "-O", "12", "--groups", "1,2,4,5", "--format", "csv")
    assert run.code == 2
    assert [line.split(",")[2] for line in run.out.splitlines()[1:]] == ["1", "2"]
    assert run.err == (
        "sepcost: groups = 4: --groups: must divide in_channels, got 4 groups of 6 channels\n"
        "sepcost: groups = 5: --groups: must divide in_channels, got 5 groups of 6 channels\n"
        "sepcost: 2 of 4 combinations could not be evaluated\n"
    )


def test_a_bad_document_is_reported_with_its_line_and_the_rest_goes_on() -> None:
    documents = [
        "input: {C: 3, H: 8}\nlayers:\n- {K: 3, O: 4}\n",
        "layers: [\n",
        "layers:\n- {K: 0, O: 4}\n",
        STREAM[:1],
    ]
    run = compare("-", "--rows", "totals", "--format", "csv", stdin="---\n".join(documents))
    assert run.code == 2
    assert [line.split(",")[0] for line in run.out.splitlines()] == ["network", "<stdin>"]
    places = [line.split(": ", 1)[0] for line in run.err.splitlines()]
    assert places == ["<stdin>:6:1", "<stdin>:8:7", "<stdin>:11:1", "sepcost"]
    assert run.err.endswith("sepcost: 3 of 4 networks could not be evaluated\n")


def test_a_bad_line_of_json_lines_is_reported_with_its_line() -> None:
    lines = [network("a", 4), network("b", 4)[:-3], network("c", 0), "7", network("d", 4)]
    run = compare("-", "--rows", "totals", "--format", "jsonl", stdin="\n".join(lines))
    assert run.code == 2
    assert [json.loads(line)["name"] for line in run.out.splitlines()] == ["a", "d"]
    assert run.err.splitlines() == [
        f"<stdin>:2:{len(lines[1]) + 1}: is not JSON: expecting ',' delimiter",
        f"<stdin>:3:{lines[2].index('O') + 5}: layers[0].O: must be at least 1, got 0",
        f"<stdin>:3:{lines[2].rindex('O') + 5}: layers[1].O: must be at least 1, got 0",
        "<stdin>:4:1: must be a list of layers, or a mapping with `layers`",
        "sepcost: 3 of 5 networks could not be evaluated",
    ]


def test_what_sepcost_wrote_is_shown_again() -> None:
    written = compare("-", "--format", "jsonl", stdin=STREAM).out
    assert compare("-", "--format", "jsonl", stdin=written).out == written


def test_what_sepcost_wrote_is_no_network_among_others() -> None:
    written = compare("-", "--format", "jsonl", stdin=STREAM).out
    run = compare("-", "--rows", "totals", stdin=STREAM.splitlines(keepends=True)[0] + written)
    expected = "<stdin>:2:1: is an output of sepcost, not a network: sepcost diff compares with it"
    assert (run.code, run.err.splitlines()[0]) == (2, expected)


def test_json_lines_are_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "nets.jsonl").write_text(STREAM)
    (tmp_path / "spaced.json").write_text(json.dumps(json.loads(STREAM.splitlines()[0]), indent=2))
    (tmp_path / "sizes.json").write_text(network("s", 4).replace('"K": 3', '"K": "3x5", "padding": "1x2"'))
    found = rows(
        str(tmp_path / "nets.jsonl"), str(tmp_path / "spaced.json"), str(tmp_path / "sizes.json"), "--rows", "totals"
    )
    assert [row["network"] for row in found] == list("bacdbs")
    assert int(found[-1]["macs"]) == macs(4) // 9 * 15


def test_each_network_is_written_as_it_comes() -> None:
    """A reader has the first network before the second one is written."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sepcost", "compare", "-", "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    too_long = Timer(30, process.kill)
    too_long.start()
    lines = STREAM.encode().splitlines(keepends=True)
    process.stdin.write(b"".join(lines[:2]))
    process.stdin.flush()
    assert [json.loads(process.stdout.readline())["name"] for _ in range(2)] == ["b", "a"]
    process.stdin.write(lines[2])
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["name"] == "c"
    process.stdin.close()
    assert process.wait() == 0
    too_long.cancel()
    process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
@pytest.mark.parametrize("arguments", [("--format", "jsonl"), ("--rows", "totals", "--sort", "macs", "--top", "3")])
def test_a_long_stream_takes_no_more_memory_than_a_short_one(arguments: Iterable[str]) -> None:
    few, many = (peak_memory([*arguments], networks) for networks in (300, 3000))
    assert many < few + 8_000


def peak_memory(arguments: list[str], networks: int) -> int:
    """The most KiB that a run takes, which it reports at its exit."""
    program = (
        "import atexit, resource; from sepcost.cli import main; "
        "atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)); main()"
    )
    stream = "".join(network(f"n{number}", 1 + number % 50) + "\n" for number in range(networks))
    command = [sys.executable, "-c", program, "compare", "-", "--output", "/dev/null", *arguments]
    done = subprocess.run(command, input=stream, capture_output=True, text=True, cwd=ROOT, check=True)
    return int(done.stdout) // (1024 if sys.platform == "darwin" else 1)


GOOD = network("good", 4)


@pytest.mark.parametrize(
    "lines",
    [
        ["{bad", GOOD, GOOD],
        ["oops", GOOD, GOOD],
        [GOOD, "oops", GOOD],
        [GOOD, " Epoch 1", GOOD],
        [GOOD, GOOD + "}", GOOD],
        [GOOD[:-20], GOOD, GOOD],
        [GOOD, "", "42", "", GOOD],
    ],
)
def test_each_line_of_json_lines_is_read_by_itself(lines: list[str]) -> None:
    run = compare("-", "--rows", "totals", "--format", "jsonl", stdin="\n".join(lines))
    assert run.code == 2
    assert [json.loads(line)["name"] for line in run.out.splitlines()] == ["good", "good"]
    assert run.err.splitlines()[-1] == "sepcost: 1 of 3 networks could not be evaluated"


def test_a_line_of_json_may_begin_a_yaml_stream() -> None:
    found = rows(
        "-",
        "--rows",
        "totals",
        stdin=f"{GOOD}\n# and in YAML:\n---\ninput: {{C: 3, H: 8}}\nlayers:\n- {{K: 3, O: 4}}\n",
    )
    assert [row["macs"] for row in found] == [str(macs(4)), str(8 * 8 * 9 * 3 * 4)]


def test_layers_of_a_large_sweep_have_their_facts() -> None:
    sweep = ("-H", "1:600:1", "-C", "4", "-K", "3", "-O", "8", "--stride", "2", "--rows", "layers")
    found = [row for row in rows(*sweep) if row["row"] == "layer"]
    assert [row["input"] for row in found] == [f"4x{size}x{size}" for size in range(1, 601)]
    assert [row["output"] for row in found] == [f"8x{(size + 1) // 2}x{(size + 1) // 2}" for size in range(1, 601)]


def test_facts_of_a_part_are_its_own_in_a_sweep() -> None:
    found = rows("-H", "8", "-C", "4", "-K", "3", "-O", "8", "--stride", "1,2", "--rows", "layers")
    strides = [row["stride"] for row in found if row["part"] == "pointwise"]
    assert strides == ["1x1", "1x1"]
    assert [row["stride"] for row in found if row["row"] == "layer"] == ["1x1", "2x2"]


def test_a_number_that_is_too_large_spoils_no_other() -> None:
    run = compare("-H", "8", "-C", "1:600:1,9999999999999999999", "-K", "3", "-O", "2147483647", "--format", "csv")
    assert run.code == 2
    found = list(csv.DictReader(io.StringIO(run.out)))
    assert [int(row["macs"]) for row in found] == [64 * 9 * c * 2147483647 for c in range(1, 601)]
    assert run.err.startswith("sepcost: C = 9999999999999999999: -C: must be at most 2147483647")


def test_each_replacement_is_sorted_by_itself() -> None:
    arguments = ("configs/m5.yaml", "-r", "separable:multiplier=1,2,4", "-r", "blueprint", "--rows", "totals")
    found = rows(*arguments, "--sort", "-reduction.macs")
    ratios = [float(row["reduction.macs"]) for row in found]
    assert len(ratios) == 4
    assert ratios == sorted(ratios)
    assert rows(*arguments, "--sort", "reduction.macs", "--top", "1")[0]["reduction.macs"] == str(max(ratios))
    one = ("-H", "8", "-C", "4", "-K", "3", "-O", "16,32", *arguments[1:5])
    found = rows(*one, "--sort", "replacement.macs")
    assert [int(row["replacement.macs"]) for row in found] == sorted(
        (int(row["replacement.macs"]) for row in rows(*one)), reverse=True
    )


def test_the_first_of_a_sweep_are_the_first_that_exist() -> None:
    run = compare("-C", "1:8:1", "-K", "3", "-O", "4", "--groups", "4", "--top", "2", "--format", "csv")
    assert [row["C"] for row in csv.DictReader(io.StringIO(run.out))] == ["4", "8"]


def test_more_combinations_than_can_be_counted_are_refused() -> None:
    axes = [text for option in ("-H", "-C", "-K", "-O") for text in (option, "1:100000:1")]
    run = compare(*axes, "--top", "5")
    assert (run.code, run.out) == (2, "")
    assert "combinations are more than can be counted" in run.err


def test_what_was_chosen_is_reported_and_no_baseline() -> None:
    written = compare("configs/m5.yaml", "--sort", "macs", "--top", "3", "--format", "json").out
    assert json.loads(written)["selection"] == {"sort": "macs", "top": 3}
    run = sepcost("diff", "-", "configs/m5.yaml", stdin=written)
    assert (run.code, run.out) == (2, "")
    assert run.err == "<stdin>: was written with --sort, --top, which leaves things out: write it again without\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_that_is_asked_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    sweep = ("-H", "7:224:7", "-C", "1:1000:1", "-K", "3,5,7", "-O", "1:64:1", "--output", str(tmp_path / "s.csv"))
    process = subprocess.Popen(
        [sys.executable, "-m", "sepcost", "compare", *sweep], cwd=ROOT, env=clean_environment(), stderr=subprocess.PIPE
    )
    while not list(tmp_path.iterdir()):
        assert process.poll() is None
    process.terminate()
    assert process.wait() == 143
    assert process.communicate()[1] == b""
    assert list(tmp_path.iterdir()) == []
