"""SARIF and GitLab's Code Quality say what the annotations of GitHub say, with paths and fingerprints that stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from sepcost.formats.documents.findings import Rule
from sepcost.text.harmless import harmless
from tests.commands import ROOT, Run, sepcost
from tests.formats.test_check_formats import POISON, RUNS, annotations_of, poisoned

SCHEMA = Draft202012Validator(json.loads(Path(__file__).with_name("sarif.schema.json").read_text()))
SMALL = "{name: net, input: {C: 3, H: 8}, budget: {params: 1}, layers: [{name: conv, K: 3, O: 8}]}\n"


def check(*arguments: str | Path, cwd: Path = ROOT) -> Run:
    return sepcost("check", "--no-verify", *map(str, arguments), cwd=cwd)


def sarif(*arguments: str | Path, cwd: Path = ROOT) -> list[dict[str, Any]]:
    """The results, of a document as it has to be."""
    document = json.loads(check(*arguments, "--format", "sarif", cwd=cwd).out)
    SCHEMA.validate(document)
    (run,) = document["runs"]
    results: list[dict[str, Any]] = run["results"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == [rule.id for rule in Rule]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in results)
    return results


def gitlab(*arguments: str | Path, cwd: Path = ROOT) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(check(*arguments, "--format", "gitlab", cwd=cwd).out)
    return issues


def fingerprints(results: list[dict[str, Any]]) -> list[str]:
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]


def places(results: list[dict[str, Any]]) -> list[tuple[str, int]]:
    found = [result["locations"][0]["physicalLocation"] for result in results]
    return [(unquote(place["artifactLocation"]["uri"]), place["region"]["startLine"]) for place in found]


@pytest.mark.parametrize("name", RUNS)
def test_both_say_what_the_annotations_say(name: str) -> None:
    annotations = annotations_of(check(*RUNS[name], "--format", "github").out)
    results, issues = sarif(*RUNS[name]), gitlab(*RUNS[name])
    assert [result["level"] for result in results] == [each.level for each in annotations]
    for annotation, result, issue in zip(annotations, results, issues, strict=True):
        text = result["message"]["text"].replace("{{", "{").replace("}}", "}")
        assert annotation.message.endswith(text)
        assert issue["description"] == text
        assert issue["severity"] == {"error": "major", "warning": "minor"}[annotation.level]
        assert issue["check_name"] == result["ruleId"]
    for annotation, (path, line) in zip(annotations, places(results)):
        assert annotation.file in (None, path)
        assert (annotation.line or 1) == line
    assert [(each["location"]["path"], each["location"]["lines"]["begin"]) for each in issues] == places(results)
    assert [issue["fingerprint"] for issue in issues] == fingerprints(results)
    assert len({*fingerprints(results)}) == len(results)


def test_a_fingerprint_stays_while_lines_and_figures_change(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(SMALL)
    first = sarif(file)
    file.write_text(f"# a comment\n{SMALL.replace('O: 8', 'O: 9')}")
    second = sarif(file)
    assert fingerprints(first) == fingerprints(second)
    assert first[0]["message"] != second[0]["message"]
    assert [line for _, line in places(first) + places(second)] == [1, 2]
    (other,) = sarif(file, "--max", "macs=1")[1:]
    assert fingerprints([other]) != fingerprints(second)


def test_paths_are_those_of_the_repository(tmp_path: Path) -> None:
    name = "a b%#[1]:é?.yaml"
    (tmp_path / ".git").mkdir()
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / name).write_text(SMALL)
    from_inside, from_above, by_its_whole_name = (
        (gitlab(source, cwd=cwd), sarif(source, cwd=cwd))
        for source, cwd in ((name, tmp_path / "nets"), ("nets", tmp_path), (tmp_path / "nets" / name, ROOT))
    )
    assert from_inside == from_above == by_its_whole_name
    issues, results = from_inside
    assert [issue["location"]["path"] for issue in issues] == [f"nets/{name}"]
    assert places(results) == [(f"nets/{name}", 1)]


def test_what_is_in_no_file_has_its_name(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "nets.py").write_text("")
    assert [path for path, _ in places(sarif("-", "nets.py:x", "nowhere:x", cwd=tmp_path / "nets"))] == [
        "<stdin>", "nets/nets.py", "nowhere:x",
    ]  # fmt: skip


def test_a_mistake_has_its_column(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("- {H: 8, C: 3, K: 0, O: 8}\n")
    (result,) = sarif("net.yaml", cwd=tmp_path)
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 19}
    assert (result["ruleId"], result["message"]["text"]) == ("not-judged", "[0].K: must be at least 1, got 0")


@pytest.mark.parametrize("name", [*POISON, "{0} {{1}}"])
def test_a_poisoned_name_stays_text(tmp_path: Path, name: str) -> None:
    file, costs = poisoned(check, tmp_path, name)
    arguments = (file, "--max-params", "1", "--baseline", costs)
    for result, issue in zip(sarif(*arguments), gitlab(*arguments), strict=True):
        text = result["message"]["text"]
        assert issue["description"].startswith(f"{harmless(name)}: ")
        assert (
            text.replace(r"\[", "[").replace(r"\](", "](").replace("{{", "{").replace("}}", "}") == issue["description"]
        )
        assert "](" not in text.replace(r"\](", "")
        assert "{" not in text.replace("{{", "")
