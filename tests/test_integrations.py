"""The GitHub action and the hook for pre-commit do what they say: their own commands are run here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import ROOT, Run, clean_environment, sepcost

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands are written for a POSIX shell")

NET = "budget: {params: 100}\ninput: {C: 3, H: 8}\nlayers:\n  - {name: conv, K: 3, O: 8}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with two configs in it, of which one is over its budget."""
    for name, net in (("small", NET.replace("100", "1k")), ("over", NET.replace("100", "10"))):
        (tmp_path / "configs").mkdir(exist_ok=True)
        (tmp_path / "configs" / f"{name}.yaml").write_text(net)
    return tmp_path


def action() -> Any:
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def act(folder: Path, **inputs: str) -> Run:
    """The action's last step, as the runner runs it."""
    step = action()["runs"]["steps"][-1]
    defaults = {name: str(given.get("default", "")) for name, given in action()["inputs"].items()} | inputs
    environment = {
        name: defaults[value.removeprefix("${{ inputs.").removesuffix(" }}")] for name, value in step["env"].items()
    }
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    python = str(Path(sys.executable).parent)
    path = f"{python}:{clean_environment()['PATH']}"
    done = subprocess.run(
        [shutil.which("bash") or "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env=clean_environment(PATH=path, **runner, **environment),
        capture_output=True,
        text=True,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def test_the_action_annotates_the_line_that_is_to_blame(repository: Path) -> None:
    run = act(repository, options="--no-verify")
    assert (run.code, run.err) == (1, "")
    assert run.out.splitlines() == [
        "::error title=sepcost,file=configs/over.yaml,line=1::"
        "over: params, standard: 216, must be at most 10 (2,060 %25 over)",
        "sepcost: 2 networks: 1 of 2 checks fails",
    ]
    assert "| over " in (repository / "summary").read_text(encoding="utf-8")


def test_the_actions_inputs_are_words_and_never_code(repository: Path) -> None:
    sources = "configs/small.yaml\n  configs/$(touch${IFS}hacked).yaml configs/*.yaml"
    run = act(repository, sources=sources, options="--no-verify --max-macs 1M")
    assert run.code == 2
    assert [line.partition("::configs/")[2].partition(":")[0] for line in run.out.splitlines()[:2]] == [
        "$(touch${IFS}hacked).yaml",
        "*.yaml",
    ]
    assert not (repository / "hacked").exists()


def test_the_action_verifies_if_asked(repository: Path) -> None:
    run = act(repository, sources="configs/small.yaml", verify="true")
    assert (run.code, run.out) == (0, "sepcost: 1 network: 2 checks, all hold\n")


def test_every_input_of_the_action_is_used_and_none_stands_in_a_script() -> None:
    steps = action()["runs"]["steps"]
    text = str(steps)
    assert all(f"inputs.{name}" in text for name in action()["inputs"])
    assert not any("${{" in step.get("run", "") for step in steps)


def test_the_hook_takes_files_and_fails_as_check_does(repository: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"]) == ("sepcost-check", "python")
    program, *arguments = hook["entry"].split()
    assert program == "sepcost"
    for files, code in ((["configs/small.yaml"], 0), (["configs/small.yaml", "configs/over.yaml"], 1)):
        assert sepcost(*arguments, "--no-verify", *files, cwd=repository).code == code
