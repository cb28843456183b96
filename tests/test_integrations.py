"""The GitHub action and the hook for pre-commit do what they say: their own commands are run here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from tests.commands import ROOT, Run, clean_environment

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


def wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    """An installable package with these files."""
    about = f"{name}-1.0.dist-info"
    metadata = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    with ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for file, text in (files | metadata).items():
            archive.writestr(file, text)
    return Path(str(archive.filename))


@dataclass(frozen=True)
class Runner:
    """What runs the steps of the action: its folder, and what it gives to every step."""

    temporary: Path
    environment: dict[str, str]

    def run(self, step: Any, workspace: Path, values: dict[str, str], **more: str) -> Run:
        """One step, whose expressions have these values."""
        environment = {
            name: values[value.removeprefix("${{ ").removesuffix(" }}")] for name, value in step["env"].items()
        }
        done = subprocess.run(
            [shutil.which("bash") or "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=workspace,
            env=clean_environment(**self.environment | environment | more),
            capture_output=True,
            text=True,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def install(self, workspace: Path, **more: str) -> dict[str, str]:
        """The step that installs, from an index without a network; what it gives to later steps."""
        outputs = self.temporary / "outputs"
        outputs.unlink(missing_ok=True)
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.temporary / "index")}
        values = {"github.action_path": str(self.temporary / "action"), "inputs.verify": "false"}
        run = self.run(action()["runs"]["steps"][1], workspace, values, GITHUB_OUTPUT=str(outputs), **offline, **more)
        assert (run.code, run.out, run.err) == (0, "", "")
        given = (line.split("=", 1) for line in outputs.read_text().splitlines())
        return {f"steps.environment.outputs.{name}": value for name, value in given}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A runner on which the action is a package whose build needs another one, as sepcost's does."""
    folder = tmp_path_factory.mktemp("runner")
    (folder / "index").mkdir()
    (folder / "action").mkdir()
    installed = wheel(folder, "sepcost", {"sepcost_here.pth": f"{ROOT}\n"})
    build = (
        f"import shutil\ndef build_wheel(folder, *_): return shutil.copy({str(installed)!r}, folder).split('/')[-1]\n"
    )
    wheel(folder / "index", "builder", {"builder.py": build})
    project = "[build-system]\nrequires = ['builder']\nbuild-backend = 'builder'\n"
    (folder / "action" / "pyproject.toml").write_text(project)
    path = f"{Path(sys.executable).parent}:{clean_environment()['PATH']}"
    return Runner(folder, {"PATH": path, "RUNNER_TEMP": str(folder), "GITHUB_ACTIONS": "true"})


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which everything that may be imported has a file of its name."""
    folder = tmp_path_factory.mktemp("workspace")
    assert len(shadowed(folder)) > 250
    return folder


@pytest.fixture(scope="module")
def installed(runner: Runner, hostile: Path) -> dict[str, str]:
    return runner.install(hostile, PYTHONPATH=".")


@pytest.fixture
def act(runner: Runner, installed: dict[str, str]) -> Callable[..., Run]:
    """The action's last step."""

    def last_step(folder: Path, environment: dict[str, str] | None = None, **inputs: str) -> Run:
        given = {name: str(value.get("default", "")) for name, value in action()["inputs"].items()} | inputs
        values = {f"inputs.{name}": value for name, value in given.items()} | installed
        variables = {"GITHUB_WORKSPACE": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
        return runner.run(action()["runs"]["steps"][2], folder, values, **variables, **(environment or {}))

    return last_step


def test_the_action_annotates_the_line_that_is_to_blame(repository: Path, act: Callable[..., Run]) -> None:
    run = act(repository, options="--no-verify")
    assert (run.code, run.err) == (1, "")
    assert run.out.splitlines() == [
        "::error title=sepcost,file=configs/over.yaml,line=1::"
        "over: params, standard: 216, must be at most 10 (2,060 %25 over)",
        "sepcost: 2 networks: 1 of 2 checks fails",
    ]
    assert "| over " in (repository / "summary").read_text(encoding="utf-8")


def test_the_actions_options_may_say_another_format(repository: Path, act: Callable[..., Run]) -> None:
    run = act(repository, options="--no-verify --format junit")
    assert (run.code, run.err, run.out[:5]) == (1, "", "<?xml")


def test_the_actions_inputs_are_words_and_never_code(repository: Path, act: Callable[..., Run]) -> None:
    sources = "configs/small.yaml\n  configs/$(touch${IFS}hacked).yaml configs/*.yaml"
    run = act(repository, sources=sources, options="--no-verify --max-macs 1M")
    assert run.code == 2
    assert [line.partition("::configs/")[2].partition(":")[0] for line in run.out.splitlines()[:2]] == [
        "$(touch${IFS}hacked).yaml",
        "*.yaml",
    ]
    assert not (repository / "hacked").exists()


@cache
def importable() -> set[str]:
    """What Python or an installed package has."""
    return {*sys.stdlib_module_names, *(name for name in packages_distributions() if name.isidentifier())}


def shadowed(folder: Path, *names: str) -> set[str]:
    """Put into the folder a module of each name, and of each that Python or an installed package has; the names."""
    hooks = {"sitecustomize", "usercustomize"}
    every = {*importable(), *hooks, *names, "sepcost", "pip", "torch", "builder"}
    for name in every:
        (folder / f"{name}.py").write_text("open(__file__ + '.imported', 'w').close()\n")
    return every


def imported(folder: Path) -> set[str]:
    return {file.name.partition(".")[0] for file in folder.glob("*.imported")}


def test_nothing_of_the_workspace_is_imported_whatever_it_is_called(
    hostile: Path, repository: Path, act: Callable[..., Run]
) -> None:
    run = act(hostile, {"PYTHONPATH": "."}, sources=str(repository / "configs"), verify="true")
    assert (run.code, run.err) == (1, "")
    assert run.out.endswith("sepcost: 2 networks: 1 of 4 checks fails\n")
    assert imported(hostile) == set()


def test_of_the_workspace_only_the_module_that_is_named_is_imported(repository: Path, act: Callable[..., Run]) -> None:
    names = shadowed(repository)
    (repository / "blocks_of_mine.py").write_text("from sepcost import blocks\nmine = blocks.separable\nimport here")
    (repository / "here.py").write_text((repository / "pip.py").read_text())
    model = "torch.nn:Conv2d(3,8,3)"
    run = act(
        repository,
        {"PYTHONPATH": "."},
        sources=f"configs/small.yaml {model}",
        options="--input 3x8x8 --max-macs 1M -r blocks_of_mine:mine",
    )
    assert (run.code, run.err) == (0, "")
    assert imported(repository) == {"here"}
    assert "torch" in names


def test_models_in_the_workspace_are_found(repository: Path, act: Callable[..., Run]) -> None:
    (repository / "package").mkdir()
    (repository / "package" / "nets.py").write_text("from torch import nn\ndef build(): return nn.Conv2d(3, 8, 3)\n")
    (repository / "net.py").write_text("from package.nets import build\n")
    run = act(repository, sources="net.py:build package.nets:build", options="--input 3x8x8 --max-params 224")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("sepcost: 2 networks: 4 checks, all hold")


def test_the_environment_has_what_is_installed_for_the_jobs_python(runner: Runner, tmp_path: Path) -> None:
    """In a virtual environment of the job, and for its user."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "job"], check=True)
    job = tmp_path / "job" / "bin" / "python"
    code = "import site; print(site.getsitepackages()[0], site.getusersitepackages())"
    home = {"PYTHONUSERBASE": str(tmp_path / "home")}
    for folder, name in zip(output(job, "-c", code, **home).split(), ("of_the_job", "of_the_user")):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.py").touch()
    path = f"{job.parent}:{runner.environment['PATH']}"
    outputs = runner.install(tmp_path, PATH=path, RUNNER_TEMP=str(tmp_path), **home)
    python = outputs["steps.environment.outputs.python"]
    assert output(python, "-I", "-c", "import of_the_job, of_the_user, sepcost; print('seen')") == "seen\n"


def output(*command: str | Path, **environment: str) -> str:
    return subprocess.run(
        command, env=clean_environment(**environment), stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def test_what_may_pass_is_allowed_word_by_word(repository: Path, act: Callable[..., Run]) -> None:
    both = "configs/small.yaml configs/over.yaml"
    assert act(repository, sources=both, options="--no-verify --update-baseline b.json").code == 1
    (repository / "configs" / "over.yaml").unlink()
    arguments = {"sources": "configs", "options": "--baseline b.json --no-verify"}
    assert act(repository, **arguments).code == 2
    assert act(repository, allow="gone", **arguments).code == 0
    assert act(repository, allow="  uncounted\n gone ", **arguments).code == 0
    assert act(repository, allow="everything", **arguments).code == 2


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_baseline_of_the_base_branch_is_taken_as_the_docs_say(
    repository: Path, runner: Runner, act: Callable[..., Run]
) -> None:
    """Whatever the pull request made of it: another text, or a link."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True)

    (workflow,) = re.findall(r"```yaml\n(on:\n  pull_request_target:.*?)```", docs(), re.DOTALL)
    (take,) = [step for step in yaml.safe_load(workflow)["jobs"]["costs"]["steps"] if "run" in step]
    arguments = {"sources": "configs/small.yaml", "options": "--no-verify --baseline costs.json"}
    act(repository, sources="configs/small.yaml", options="--no-verify --update-baseline costs.json")
    git("init", "--quiet", "--initial-branch", "main")
    git("add", "configs", "costs.json")
    git("commit", "-m", "base")
    git("checkout", "-b", "change")
    config, costs = repository / "configs" / "small.yaml", repository / "costs.json"
    config.write_text(config.read_text().replace("O: 8", "O: 9"))
    act(repository, sources="configs/small.yaml", options="--no-verify --update-baseline costs.json")
    assert act(repository, **arguments).code == 0
    base = {
        "GITHUB_SERVER_URL": str(repository.parent),
        "GITHUB_REPOSITORY": repository.name,
        "GITHUB_BASE_REF": "main",
    }
    assert runner.run({"env": {}, **take}, repository, {}, **base).code == 0
    assert act(repository, **arguments).code == 1
    elsewhere = costs.rename(repository / "elsewhere")
    elsewhere.write_text("untouched")
    costs.symlink_to("elsewhere")
    assert runner.run({"env": {}, **take}, repository, {}, **base).code == 0
    assert act(repository, **arguments).code == 1
    assert elsewhere.read_text() == "untouched"


def docs() -> str:
    return (ROOT / "docs" / "check.md").read_text(encoding="utf-8")


def test_every_input_of_the_action_is_used_and_none_is_in_a_script() -> None:
    steps = action()["runs"]["steps"]
    text = str(steps)
    assert all(f"inputs.{name}" in text for name in action()["inputs"])
    assert not any("${{" in step.get("run", "") for step in steps)


def test_the_hook_takes_files_and_fails_as_check_does(repository: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"]) == ("sepcost-check", "python")
    shadowed(repository)
    path = f"{Path(sys.executable).parent}:{clean_environment()['PATH']}"
    for files, code in ((["configs/small.yaml"], 0), (["configs/small.yaml", "configs/over.yaml"], 1)):
        command = [*hook["entry"].split(), "--no-verify", *files]
        done = subprocess.run(
            command, cwd=repository, env=clean_environment(PATH=path, PYTHONPATH="."), capture_output=True
        )
        assert (done.returncode, done.stderr) == (code, b"")
    assert imported(repository) == set()
