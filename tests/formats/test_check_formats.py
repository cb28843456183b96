"""The formats of ``sepcost check`` say the same, each by the rules of those who read it, whatever the names are."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from sepcost.formats.registry import names_of, writing
from sepcost.layers import formulas
from sepcost.tasks import inspection
from sepcost.text.harmless import harmless, visible
from sepcost.text.wording import listed
from tests.commands import ROOT, Run, Sepcost, Spoil
from tests.formats.page_reader import SCRIPT

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
NETS = "tests/configs/check"
HOLDS, FAILS, BROKEN = (f"{NETS}/{name}.yaml" for name in ("holds", "fails", "broken"))
FORMATS = names_of(writing("judgement"))
RUNS: dict[str, tuple[str, ...]] = {
    "holds": (HOLDS,),
    "budget": (HOLDS, "--max-params", "730", "--min-reduction", "params=100"),
    "several": (HOLDS, FAILS, f"{NETS}/stream.yaml", "configs/m5.yaml"),
    "fails": (FAILS, f"{NETS}/stream.yaml", "--baseline", f"{NETS}/costs.json", "--allow", "gone"),
    "gone": (f"{NETS}/stream.yaml", "--baseline", f"{NETS}/costs.json"),
    "not_judged": (FAILS, BROKEN, "missing.yaml", "--baseline", "pyproject.toml"),
    "problems": (BROKEN, "missing.yaml"),
    "unknown": (f"{NETS}/after.yaml", "--baseline", f"{NETS}/baseline.json", "-r", "inverted", "--max-growth", "1%"),
}
POISON = [
    "::error::pwned",
    "%0A::error file=x::pwned",
    "a%250Ab%3A%2C",
    "a,line=99::b",
    "two\nlines\r\nand a bell\x07",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe \u2066\u200b\u2028\x85\x00",
    "\ufffe\uffff",
    "<script>alert(1)</script>",
    "a|b\\|c || `d`",
    "]]> &amp; & &#27; <![CDATA[ \"'",
    "[link](javascript:x) ![](x) **b** _i_ $x$ ~~s~~ # h",
    "漢字 🧮 é",
    "\u3164",
    "blank \u034f\u115f\u1160\u17b5\u180b\u180f\u2065\u2800\uffa0\ufff0\U0001d159",
    "❤\ufe0f \ufe00\U000e0100\U000e01ef",
    "::add-mask::x ##[error]y",
    "@user #1 a@b.org https://x.org :tada: 0123456789abcdef",
]
BREAK = "&#8203;"
"""A space of no width, as Markdown has it: where GitHub would link, and nowhere else."""


@pytest.fixture
def check(in_process: Sepcost, monkeypatch: pytest.MonkeyPatch) -> Sepcost:
    """``sepcost check`` in the root of the repository, without torch unless it is asked for, in no time."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(inspection, "perf_counter", lambda: 0.0)

    def command(*arguments: str | Path) -> Run:
        verify = [] if "--verify" in arguments else ["--no-verify"]
        return in_process("check", *verify, *arguments)

    return command


# Each format as its readers take it


class Annotation(NamedTuple):
    level: str
    message: str
    file: str | None = None
    line: int | None = None


def annotations_of(text: str) -> list[Annotation]:
    """What GitHub's runner makes of the output: a command on a line, with its escapes undone."""
    return list(_told(text))


def _told(text: str) -> Iterator[Annotation]:
    for line in text.splitlines():
        if not line.lstrip().startswith("::"):
            continue
        command = re.fullmatch(r"::(error|warning) ([^:]*)::(.*)", line)
        assert command, line
        level, properties, message = command.groups()
        values = dict(item.split("=", 1) for item in properties.split(","))
        assert {*values} <= {"title", "file", "line", "col"}
        file = unescaped(values["file"], ":,") if "file" in values else None
        yield Annotation(level, unescaped(message), file, int(values["line"]) if "line" in values else None)


def unescaped(text: str, more: str = "") -> str:
    for character in ("\r", "\n", *more, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def tables(markdown: str) -> Iterator[list[list[str]]]:
    """The tables, each a list of rows, as GitHub divides them into cells."""
    lines: list[str] = []
    for line in [*markdown.split("\n"), ""]:
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            yield [[cell.strip() for cell in re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1]] for row in lines]
            lines = []


def suites(xml: str) -> list[TestSuite]:
    """The suites as a reader of JUnit XML finds them."""
    parsed = JUnitXml.fromstring(xml.encode())
    assert isinstance(parsed, JUnitXml)
    return list(parsed)


def outcomes(suite: TestSuite) -> list[type | None]:
    return [type(case.result[0]) if case.result else None for case in suite]


# All formats say the same


@pytest.mark.parametrize("name", RUNS)
def test_junit_follows_its_schema(check: Sepcost, name: str) -> None:
    SCHEMA.validate(check(*RUNS[name], "--format", "junit").out)


def is_unknown(network: dict[str, Any]) -> bool:
    """Whether the baseline does not know the network, or none of its replacements."""
    return network["new"] or network["unknown"] is not None


@pytest.mark.parametrize("name", RUNS)
def test_every_format_says_the_same(check: Sepcost, name: str) -> None:
    done = {format_: check(*RUNS[name], "--format", format_) for format_ in FORMATS}
    document = json.loads(done["json"].out)
    networks, problems = document["networks"], document["problems"]
    failures = sum(network["failures"] for network in networks)
    checks = sum(network["checks"] for network in networks)
    missing = [] if "--allow" in RUNS[name] else document["gone"]
    assert {run.code for run in done.values()} == {2 if problems or missing else 1 if failures else 0}
    assert document["holds"] == (not problems and not missing and not failures)
    for network in networks:
        judged = [*network["budget"], *network["growth"]]
        assert network["checks"] == len(judged) + is_unknown(network)
        assert network["failures"] == sum(not each["holds"] for each in judged) + is_unknown(network)

    every = suites(done["junit"].out)
    names = [network["name"] for network in document["gone"]]
    gone = [suite for suite in every if suite.name in names]
    broken = [suite for suite in every if Error in outcomes(suite) and suite not in gone]
    found = [suite for suite in every if suite not in broken and suite not in gone]
    assert [suite.name for suite in gone] == names
    assert {outcome for suite in gone for outcome in outcomes(suite)} <= {Error if missing else Skipped}
    assert [suite.name for suite in found] == [network["name"] for network in networks]
    assert [outcomes(suite).count(Failure) for suite in found] == [network["failures"] for network in networks]
    assert [len(outcomes(suite)) for suite in found] == [network["checks"] for network in networks]
    assert sum(outcomes(suite).count(Error) for suite in broken) == len(problems)
    for suite in every:
        counted = outcomes(suite)
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (
            len(counted), counted.count(Failure), counted.count(Error), counted.count(Skipped),
        )  # fmt: skip
    root = ElementTree.fromstring(done["junit"].out)
    totals = [int(root.get(attribute, "")) for attribute in ("tests", "failures", "errors")]
    assert totals == [checks + len(problems) + len(gone), failures, len(problems) + len(missing)]
    assert root.get("skipped") is None

    if networks:
        header, _, *rows = next(tables(done["markdown"].out))
        results = [row[header.index("result")] for row in rows]
        assert sum(result.startswith("fails") for result in results) == failures
        *_, last = done["github"].out.splitlines()
        assert last == f"sepcost: {done['table'].out.splitlines()[0]}"
        assert done["markdown"].out.splitlines()[0] == f"### {done['table'].out.splitlines()[0]}"
        assert bool(failures) == (f"{failures} of {checks} check" in last)
        in_table = [line for line in done["table"].out.splitlines()[1:] if re.search(r"\bfails\b", line)]
        assert len(in_table) == failures
    annotations = annotations_of(done["github"].out)
    where = {
        (network["source"], each["line"])
        for network in networks
        for each in (*network["budget"], *network["growth"])
        if not each["holds"]
    }
    where |= {(network["source"], network["line"]) for network in networks if is_unknown(network)}
    where |= {(problem["source"], problem["line"]) for problem in problems if problem["line"]}
    assert {(each.file, each.line) for each in annotations if each.level == "error" and each.line} == where
    for problem in problems:
        assert sum(problem["message"] in each.message for each in annotations) == 1
        assert problem["message"] in done["table"].err
        assert problem["message"] in done["markdown"].out.replace("\\", "") or not networks
    for each_gone in document["gone"]:
        figures = f"{each_gone['total']['params']:,} params, {each_gone['total']['macs']:,} MACs: "
        sentence, level = f"{each_gone['name']} is gone, {figures}", "error" if missing else "warning"
        assert any(each.message.startswith(sentence) for each in annotations if each.level == level)
        assert sentence in (done["table"].err if missing else done["table"].out)


def test_what_is_new_and_what_is_gone_is_named_with_its_figures_in_every_format(check: Sepcost) -> None:
    arguments = RUNS["fails"]
    document = json.loads(check(*arguments, "--format", "json").out)
    assert [network["total"]["params"] for network in document["networks"] if network["new"]] == [108, 162]
    assert [network["total"]["params"] for network in document["gone"]] == [135]
    named = (
        ("added", "new, 108 params, 6,912 MACs: "),
        ("added too", "new, 162 params, 10,368 MACs: "),
        ("dropped", "gone, 135 params, 8,640 MACs: "),
    )
    for format_ in ("table", "markdown", "github"):
        lines = check(*arguments, "--format", format_).out.splitlines()
        for name, sentence in named:
            beside = f"{name}: {sentence}" if sentence.startswith("new") else f"{name} is {sentence}"
            assert sum(beside in line for line in lines) == 1, (format_, name)
    cases = {suite.name: next(iter(suite)) for suite in suites(check(*arguments, "--format", "junit").out)}
    for name, sentence in named:
        assert sentence in str(cases[name].result[0].message)


def test_a_gone_network_is_a_suite_with_a_skipped_case(check: Sepcost) -> None:
    (gone,) = [suite for suite in suites(check(*RUNS["fails"], "--format", "junit").out) if suite.name == "dropped"]
    assert (gone.tests, gone.skipped, gone.failures) == (1, 1, 0)
    (case,) = gone
    assert (case.name, case.classname) == ("growth", f"{NETS}/stream.yaml")


@pytest.mark.parametrize("name", RUNS)
def test_a_case_has_the_place_of_its_annotation(check: Sepcost, name: str) -> None:
    root = ElementTree.fromstring(check(*RUNS[name], "--format", "junit").out)
    assert all(case.get("file") == suite.get("file") == case.get("classname") for suite in root for case in suite)
    failing = [case for case in root.iter("testcase") if case.find("failure") is not None]
    annotations = annotations_of(check(*RUNS[name], "--format", "github").out)
    assert {(case.get("file"), int(case.get("line") or 0)) for case in failing} <= {
        (each.file, each.line) for each in annotations
    }


def test_times_are_those_that_the_networks_took(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a network and counting it takes half a second by this clock; what cannot be judged has no time."""
    clock = count(step=0.5)
    monkeypatch.setattr(inspection, "perf_counter", lambda: next(clock))
    root = ElementTree.fromstring(check(HOLDS, FAILS, BROKEN, "--format", "junit").out)
    assert [suite.get("time") for suite in root] == ["0.500", "0.500", None]
    assert root.get("time") == "1.000"


def test_a_case_has_the_same_name_whatever_its_limit_is(check: Sepcost) -> None:
    def names(*arguments: str) -> list[str | None]:
        (suite,) = suites(check(HOLDS, *arguments, "--format", "junit").out)
        return [case.name for case in suite]

    assert names("--max-params", "1k") == names("--max-params", "1M") == names("--max-params", "1")
    assert "budget of params, separable" in names()


def test_what_grew_in_one_layer_is_one_annotation(check: Sepcost, tmp_path: Path) -> None:
    costs, file = tmp_path / "costs.json", written(tmp_path, BLOCK.replace("macs: 1 ", "macs: 1G ").replace("100", "1"))
    check(file, "--update-baseline", costs)
    text = file.read_text(encoding="utf-8").replace("O: 8\n  # a", "O: 12\n  # a").replace("bias: false", "bias: true")
    file.write_text(text, encoding="utf-8")
    (network,) = json.loads(check(file, "--baseline", costs, "--format", "json").out)["networks"]
    annotations = annotations_of(check(file, "--baseline", costs, "--format", "github").out)
    lines = [each["line"] for each in network["growth"] if not each["holds"]]
    assert len(lines) > len(annotations)
    assert sorted(each.line or 0 for each in annotations) == sorted({*lines})


def test_under_github_actions_a_file_is_no_annotation(
    check: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    table = check(FAILS, "--format", "table")
    assert check(FAILS, "--output", tmp_path / "out.txt") == Run(1, "", "")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == table.out
    assert check(FAILS, "--format", "github", "--output", tmp_path / "out.txt") == Run(1, "", "")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").startswith("::error ")


def test_what_could_not_be_judged_is_named_in_a_file_of_markdown(check: Sepcost, tmp_path: Path) -> None:
    assert check(HOLDS, BROKEN, "--output", tmp_path / "out.md").code == 2
    assert "layers\\[0\\].K: must be at least 1, got 0" in (tmp_path / "out.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RUNS)
def test_output_has_no_control_characters_and_is_whole_lines(check: Sepcost, name: str) -> None:
    for format_ in FORMATS:
        out = SCRIPT.sub("", check(*RUNS[name], "--format", format_).out)
        assert {character for character in out if unicodedata.category(character) in {"Cc", "Cf"}} <= {"\n"}
        assert out == "" or out.endswith("\n")
        assert not any(line.endswith(" ") for line in out.splitlines())


# The lines of annotations: the text says itself, by a comment, where something is wrong


BLOCK = """\
# A comment, and an empty line.

name: net   # network
input: {C: 3, H: 16}
budget:
  # what it may cost
  params: 1G
  macs: 1   # macs
  weight_bytes: 1GiB
  reduction:
    # what it must gain

    params: 0.1
    macs: 100   # reduction.macs
  replacement: separable
layers:
  - name: first
    K: 3
    O: 8
  # a comment above a layer
  - name: second   # second
    K: 3

    bias: false
    O: 8
  -
    name: third
    O: 8
    K: 1
"""
FLOW = """\
{name: net, # network
  input: {C: 3, H: 16},
  budget: {replacement: separable, params: 1G,
    macs: 1, # macs
    weight_bytes: 1GiB, reduction: {params: 0.1,
      "macs": 100}}, # reduction.macs
  layers: [{name: first, K: 3, O: 8},
    {name: second, K: 3, O: 8, bias: false}, {name: third, # second
     K: 1, O: 8}]}
"""
ALIASES = """\
name: net   # network
input: {C: 3, H: 16}
defaults: {O: 8}
budget: &limits
  replacement: separable
  params: 1G
  macs: 1   # macs
  reduction: &gain {params: 0.1,
    macs: 100}   # reduction.macs
layers:
  - &conv {name: first, K: 3}
  - {<<: *conv, name: second, bias: false}   # second
  - {<<: *conv,
     name: third, K: 1}
"""
SMALL = "name: small\ninput: {C: 1, H: 4}\nlayers:\n  - {name: only, K: 1, O: 1}\n"
OTHER = SMALL.replace("small", "other")
TEXTS = {
    "block": BLOCK,
    "flow": FLOW,
    "aliases": ALIASES,
    "windows": BLOCK.replace("\n", "\r\n"),
    "marked": f"%YAML 1.2\n---\n{BLOCK}...\n",
    "byte order mark": f"\ufeff{BLOCK}",
    "third of a stream": f"{SMALL}---\n# between\n{OTHER}...\n\n---\n{BLOCK}",
    "third, in flow style": f"--- {{name: small, layers: [{{H: 4, C: 1, K: 1, O: 1}}]}}\n---\n{OTHER}--- {FLOW}",
    "windows stream": f"{SMALL}---\n{OTHER}---\n{BLOCK}".replace("\n", "\r\n"),
}  # fmt: skip


def line_of(text: str, mark: str) -> int:
    (number,) = [number for number, line in enumerate(text.split("\n"), 1) if line.rstrip("\r").endswith(f"# {mark}")]
    return number


def written(folder: Path, text: str, name: str = "net.yaml") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_limit_is_annotated_on_its_own_line(check: Sepcost, tmp_path: Path, text: str) -> None:
    annotations = annotations_of(check(written(tmp_path, text), "--format", "github").out)
    assert [(each.level, each.line) for each in annotations] == [
        ("error", line_of(text, "macs")),
        ("error", line_of(text, "reduction.macs")),
    ]
    assert annotations[0].message.startswith("net: MACs, separable: ")
    assert annotations[1].message.startswith("net: reduction of MACs, separable: ")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_limit_that_was_typed_is_annotated_where_the_network_begins(
    check: Sepcost, tmp_path: Path, text: str
) -> None:
    file = written(tmp_path, text)
    annotations = annotations_of(check(file, "--max", "traffic_bytes=1", "--format", "github").out)
    (found,) = [each for each in annotations if each.message.startswith("net: traffic")]
    assert found.line == line_of(text, "network")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_layer_that_grew_is_annotated_on_its_own_line(check: Sepcost, tmp_path: Path, text: str) -> None:
    costs, file = tmp_path / "costs.json", written(tmp_path, text)
    check(file, "--update-baseline", costs)
    written(tmp_path, text.replace("bias: false", "bias: true"))
    annotations = annotations_of(check(file, "--baseline", costs, "--format", "github").out)
    (grown,) = [each for each in annotations if each.message.startswith("net: grew beyond")]
    assert (grown.level, grown.line) == ("error", line_of(text, "second"))
    assert "most of it in second (changed: bias false → true)" in grown.message


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_network_that_is_new_is_annotated_where_it_begins(check: Sepcost, tmp_path: Path, text: str) -> None:
    costs = tmp_path / "costs.json"
    written(tmp_path, f"{SMALL}---\n{OTHER}")
    assert check(tmp_path, "--update-baseline", costs).code == 0
    file = written(tmp_path, text, "new.yaml")
    annotations = annotations_of(check(tmp_path / "net.yaml", file, "--baseline", costs, "--format", "github").out)
    (new,) = [each for each in annotations if each.message.startswith("net: new")]
    assert (new.level, new.line) == ("error", line_of(text, "network"))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_count_that_torch_does_not_confirm_is_annotated_on_its_layers_line(
    check: Sepcost, tmp_path: Path, text: str, spoil: Spoil
) -> None:
    def spoiled(positions: int, in_channels: int, out_channels: int, kernel: tuple[int, ...], groups: int) -> int:
        is_second = (in_channels, out_channels, kernel, groups) == (8, 8, (3, 3), 1)
        return formulas.conv_macs(positions, in_channels, out_channels, kernel, groups) + is_second

    spoil(spoiled)
    annotations = annotations_of(check(written(tmp_path, text), "--verify", "--format", "github").out)
    (found,) = [each for each in annotations if "but torch" in each.message]
    assert (found.level, found.line) == ("error", line_of(text, "second"))
    assert found.message.startswith("net: second: standard: MACs are 147,457, but torch ")


def test_layers_on_one_line_are_each_to_blame_for_what_grew_in_them(check: Sepcost, tmp_path: Path) -> None:
    layers = "{name: a, K: 3, O: 16}, {name: p, type: pool, global: true}, {name: b, type: linear, O: 16}"
    text = f"{{name: net, input: {{C: 3, H: 32}}, layers: [{layers}]}}\n"
    file = written(tmp_path, text)
    check(file, "--update-baseline", tmp_path / "costs.json")
    written(tmp_path, text.replace("K: 3", "K: 5").replace("linear, O: 16", "linear, O: 1600"))
    annotations = annotations_of(check(file, "--baseline", tmp_path / "costs.json", "--format", "github").out)
    (params,) = [each.message for each in annotations if "standard: params" in each.message]
    (macs,) = [each.message for each in annotations if "MACs +183 %" in each.message]
    assert "most of it in b " in params
    assert "most of it in a " in macs


def test_a_file_is_named_as_github_sees_it(check: Sepcost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models" / "small"
    folder.mkdir(parents=True)
    written(folder, BLOCK)
    monkeypatch.chdir(folder.parent)

    def files(*sources: str | Path) -> set[str | None]:
        return {each.file for each in annotations_of(check(*sources, "--format", "github").out)}

    assert files("small/net.yaml") == {"small/net.yaml"}
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert files("small/net.yaml") == files("small") == files(folder) == {"models/small/net.yaml"}
    monkeypatch.chdir(folder)
    assert files("net.yaml") == files("../small/net.yaml") == files(".") == {"models/small/net.yaml"}
    monkeypatch.setenv("GITHUB_WORKSPACE", f"{tmp_path}{os.sep}")
    assert files("net.yaml") == {"models/small/net.yaml"}
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert files("net.yaml") == {"net.yaml"}


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("net.py:Net", "--input", "3x8x8", "--max-macs", "1M"), "net.py:Net"),
        (("-", "--baseline", "missing.json"), "<stdin>:4:21"),
        (("a.yaml", "b.yaml", "--max-macs", "1"), "net (a.yaml)"),
        (("a.yaml", "b.yaml", "--max-macs", "1"), "net (b.yaml)"),
        (("a.yaml", "b.yaml", "--max-peak-activation-bytes", "1"), "net (b.yaml)"),
    ],
)
def test_an_annotation_says_which_network_it_is_about(
    check: Sepcost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(
        tmp_path,
        "import torch\nclass Net(torch.nn.Conv2d):\n    def __init__(self):\n        super().__init__(3, 8, 3)\n"
        "    def forward(self, x):\n        return torch.fft.rfft2(super().forward(x)).real\n",
        "net.py",
    )
    layer = "{H: 4, C: 1, K: 1, O: 1}"
    written(tmp_path, f"name: net\nlayers: [{layer}]\n", "a.yaml")
    written(tmp_path, f"name: net\nindependent: true\nlayers: [{layer}, {layer}]\n", "b.yaml")
    bad = SMALL.replace("K: 1", "K: 0")
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(bad.encode())))
    annotations = annotations_of(check(*arguments, "--format", "github").out)
    errors = [each.message for each in annotations if each.level == "error" and "missing.json" not in each.message]
    assert any(message.startswith(f"{where}: ") for message in errors), annotations
    assert all(each.message.startswith(("net.py:Net: ", "net (", "<stdin>", "missing.json")) for each in annotations)


def test_standard_input_is_no_file(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(BLOCK.encode())))
    annotations = annotations_of(check("-", "--format", "github").out)
    assert [(each.file, each.line) for each in annotations] == [(None, None)] * 2


# Under GitHub Actions


def test_github_is_the_default_under_github_actions(check: Sepcost, monkeypatch: pytest.MonkeyPatch) -> None:
    table, github = (check(FAILS, "--format", format_) for format_ in ("table", "github"))
    assert check(FAILS) == table
    for value in ("false", "", "1"):
        monkeypatch.setenv("GITHUB_ACTIONS", value)
        assert check(FAILS) == table
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert check(FAILS) == github
    assert check(FAILS, "--format", "table") == table
    monkeypatch.setenv("SEPCOST_FORMAT", "table")
    assert check(FAILS) == table
    monkeypatch.setenv("SEPCOST_FORMAT", "csv")
    reason = f"this command has no format 'csv': it has {listed(FORMATS)}"
    ignored = f"sepcost: SEPCOST_FORMAT=csv is ignored: {reason}\n"
    assert check(FAILS) == Run(github.code, github.out, ignored)


def test_the_environment_chooses_the_format_and_the_file_before_it(
    check: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for format_ in FORMATS:
        monkeypatch.setenv("SEPCOST_FORMAT", format_)
        assert check(FAILS) == check(FAILS, "--format", format_)
    for suffix, format_ in ((".xml", "junit"), (".json", "json"), (".md", "markdown")):
        assert check(FAILS, "--output", tmp_path / f"out{suffix}") == Run(1, "", "")
        assert (tmp_path / f"out{suffix}").read_text(encoding="utf-8") == check(FAILS, "--format", format_).out


def test_the_summary_is_appended_every_time(check: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for format_ in ("table", "json", "markdown", "junit"):
        check(FAILS, "--format", format_)
    assert not summary.exists()
    summary.write_text("before\n", encoding="utf-8")
    failing, holding = (check(config, "--format", "markdown").out for config in (FAILS, HOLDS))
    check(FAILS, "--format", "github")
    check(HOLDS, "--format", "github")
    check(HOLDS, "--format", "github")
    assert summary.read_text(encoding="utf-8") == f"before\n{failing}{holding}{holding}"


def test_a_summary_that_cannot_be_written_is_no_failure(
    check: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    done = check(HOLDS, "--format", "github")
    assert (done.code, done.err) == (
        0,
        f"sepcost: GITHUB_STEP_SUMMARY: {tmp_path}: cannot be written: is a directory\n",
    )


# Names are data


def poisoned(check: Sepcost, folder: Path, name: str, file_name: str = "net.yaml") -> tuple[Path, Path]:
    """A network with a layer, both of this name, and its baseline from before it grew."""
    file, costs = folder / file_name, folder / "costs.json"

    def written(width: int) -> str:
        quoted = "".join(f"\\U{ord(character):08x}" for character in name)
        return f'{{name: "{quoted}", input: {{C: 3, H: 8}}, layers: [{{name: "{quoted}", K: 3, O: {width}}}]}}\n'

    file.write_text(written(4), encoding="utf-8")
    assert check(file, "--update-baseline", costs).code == 0
    file.write_text(written(5), encoding="utf-8")
    return file, costs


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_name_stays_data(check: Sepcost, tmp_path: Path, name: str) -> None:
    assert_data(check, *poisoned(check, tmp_path, name), name)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\t\x1b|%:,<>&]"), min_size=1).filter(
        lambda name: name != "input"
    )
)
def test_any_name_stays_data(check: Sepcost, tmp_path: Path, name: str) -> None:
    assert_data(check, *poisoned(check, tmp_path, name), name)


def assert_data(check: Sepcost, file: Path, costs: Path, name: str) -> None:
    """In every format the name is there, as harmless text and nothing else."""
    shown = harmless(name)

    def output(format_: str) -> str:
        return check(file, "-r", "separable", "--max-params", "1", "--baseline", costs, "--format", format_).out

    (network,) = json.loads(output("json"))["networks"]
    assert (network["name"], network["changes"][0]["after"]["name"]) == (name, name)

    out = output("github")
    assert len(out.split("\n")) == 4
    budget, growth = annotations_of(out)
    assert budget.message == f"{shown}: params, separable: 42, must be at most 1 (4,100 % over)"
    assert growth.message.startswith(f"{shown}: grew beyond {harmless(str(costs))}, most of it in {shown} (changed: ")
    assert {(each.level, each.line) for each in (budget, growth)} == {("error", 1)}

    (suite,) = suites(output("junit"))
    annotations = [case.result[0].message for case in suite if case.result]
    assert suite.name == in_xml(shown)
    assert any(f"most of it in {in_xml(shown)} (changed" in str(message) for message in annotations)

    out = output("markdown").replace(BREAK, "")
    first, layers = tables(out)
    for table in (first, layers):
        assert {len(row) for row in table} == {len(table[0])}
    assert without_escapes(first[2][0]) == visible(name).strip()
    assert without_escapes(layers[2][0]) == visible(name).strip()
    for special in "<>[]|`*_~#$&":
        assert not re.search(rf"(?<!\\)(?:\\\\)*{re.escape(special)}", first[2][0])

    out = output("table")
    assert visible(name) in out
    assert {character for character in out if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}} <= {"\n"}


UNSEEN = "\u034f\u115f\u1160\u17b4\u180b\u2065\u2800\u3164\ufe00\ufe0f\uffa0\ufff0\U0001d159\U000e0100\U000e01ef"


@pytest.mark.parametrize("character", UNSEEN, ids=lambda character: f"{ord(character):04x}")
def test_an_invisible_character_is_shown_by_its_number(check: Sepcost, tmp_path: Path, character: str) -> None:
    file, costs = poisoned(check, tmp_path, character)
    for format_ in ("table", "markdown", "github", "junit"):
        run = check(file, "--max-params", "1", "--baseline", costs, "--format", format_)
        assert character not in run.out
        assert f"{ord(character):04x}" in run.out.replace(BREAK, "")


def in_xml(text: str) -> str:
    """The text, with an escape for the two characters that XML 1.0 cannot have."""
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def without_escapes(cell: str) -> str:
    return re.sub(r"\\(.)", r"\1", cell)


FILE_NAMES = [name.replace("/", "∕").replace("\x00", "") for name in POISON]


@pytest.mark.parametrize("name", FILE_NAMES)
def test_the_name_of_a_file_stays_data(
    check: Sepcost, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    good, costs = poisoned(check, tmp_path, "net", f"{name}.yaml")
    bad = written(tmp_path, "- {K: 0}\n", f"{name} bad.yaml")
    missing = tmp_path / f"{name} missing.yaml"
    arguments = (good, bad, missing, "--baseline", costs, "--format")

    out = check(*arguments, "github").out
    annotations = annotations_of(out)
    assert len(out.split("\n")) == len(annotations) + 2
    assert {each.file for each in annotations} == {harmless(f"{name}.yaml"), harmless(f"{name} bad.yaml"), None}
    assert any(harmless(str(missing)) in each.message for each in annotations)

    assert {suite.name for suite in suites(check(*arguments, "junit").out)} == {
        "net", in_xml(harmless(str(bad))), in_xml(harmless(str(missing))),
    }  # fmt: skip

    done = check(*arguments, "table")
    document: dict[str, Any] = json.loads(check(*arguments, "json").out)
    assert done.err.count("\n") == len(document["problems"])
    assert {problem["source"] for problem in document["problems"]} == {str(bad), str(missing)}
    assert document["networks"][0]["source"] == str(good)


def test_the_name_of_a_baseline_stays_data(check: Sepcost, tmp_path: Path) -> None:
    for name in FILE_NAMES:
        file, costs = poisoned(check, tmp_path, "net")
        costs = costs.rename(tmp_path / name)
        (growth,) = annotations_of(check(file, "--baseline", costs, "--format", "github").out)
        assert growth.message.startswith(f"net: grew beyond {harmless(str(costs))}, most of it in net ")
        for table in tables(check(file, "--baseline", costs, "--format", "markdown").out):
            assert {len(row) for row in table} == {len(table[0])}
        (suite,) = suites(check(file, "--baseline", costs, "--format", "junit").out)
        assert f"grew beyond {in_xml(harmless(str(costs)))}, most of it in net" in str(
            next(iter(suite)).result[0].message
        )
