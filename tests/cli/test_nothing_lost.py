"""Nothing is lost, whoever reads or does not: exit codes, sources, files that were there, and what is skipped."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Sepcost

NET = "name: net\ninput: {C: 3, H: 8}\nlayers: [{K: 3, O: 4}]\n"
NOBODY = 65534
SEPCOST = f"{sys.executable} -m sepcost"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("bad.yaml").write_text(NET.replace("K: 3", "K: 0"))
    return tmp_path


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    script = f"set -o pipefail; {command.replace('sepcost', SEPCOST, 1)}"
    return subprocess.run(
        ["bash", "-c", script], check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **variables}
    )


FAILS = "sepcost check net.yaml --no-verify --max-params 1"


ENDINGS = ["| true", "2>&-", "2>/dev/full", "| true 2>&-", ">/dev/null"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_that_a_check_fails_does_not_depend_on_who_reads(ending: str) -> None:
    assert shell(f"{FAILS} {ending}").returncode == 1


@pytest.mark.parametrize("ending", ["| true", "2>/dev/full"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("sepcost check bad.yaml --no-verify", 2),
        ("sepcost compare bad.yaml", 2),
        ("sepcost compare net.yaml bad.yaml --format jsonl", 2),
        ("sepcost diff net.yaml bad.yaml", 2),
        ("sepcost compare net.yaml --colums macs", 2),
        ("sepcost compare - < <(cat net.yaml; echo ---; cat bad.yaml)", 2),
        ("sepcost compare -H 2,8 -C 3 -K 3 -O 4 --padding 0 --format csv", 2),
        (f"{FAILS} --output >(true)", 1),
    ],
)
def test_exit_codes_do_not_depend_on_who_reads(command: str, code: int, ending: str) -> None:
    assert shell(f"{command} {ending}").returncode == code


@pytest.mark.parametrize("ending", ["2>&-", "2>&1 | true"])
def test_a_model_may_print_whoever_reads_it(ending: str) -> None:
    Path("model.py").write_text(MODEL + "print('said')\n")
    assert shell(f"sepcost check model.py:net --input 3x8x8 --no-verify --max-params 1M {ending}").returncode == 0


@pytest.mark.parametrize("ending", [">/dev/full", ">&-"])
def test_what_cannot_be_written_is_an_error_of_its_own(ending: str) -> None:
    done = shell(f"sepcost compare net.yaml {ending}")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert shell(f"sepcost compare net.yaml --output there.txt {ending}").returncode == 0
    done = shell("sepcost compare net.yaml --output /dev/full")
    assert (done.returncode, done.stderr.splitlines()) == (
        2, ["sepcost: --output /dev/full: cannot be written: no space left on device"]
    )  # fmt: skip


# What is written


def test_pipes_and_file_descriptors_are_written_as_they_are() -> None:
    usual = shell("sepcost compare net.yaml --format json").stdout
    assert shell("sepcost compare net.yaml --format json --output >(cat); sleep 0.2").stdout == usual
    assert shell("sepcost compare net.yaml --format json --output /dev/fd/3 3>&1").stdout == usual
    shell("sepcost compare net.yaml --format json --output /dev/fd/3 3>there.json")
    assert Path("there.json").read_text() == usual
    for name, number in (("/dev/fd/3", 3), ("/dev/stderr", 2)):
        Path("log").write_text("kept\n")
        shell(f"sepcost compare net.yaml --format json --output {name} {number}>>log")
        assert Path("log").read_text() == f"kept\n{usual}"
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


def test_a_baseline_is_read_from_a_pipe_and_never_written_to_one() -> None:
    assert shell("sepcost check net.yaml --no-verify --update-baseline costs.json").returncode == 0
    usual = shell("sepcost check net.yaml --no-verify --baseline costs.json")
    piped = shell("sepcost check net.yaml --no-verify --baseline <(cat costs.json)")
    assert (piped.returncode, piped.stdout) == (0, usual.stdout)
    done = shell("sepcost check net.yaml --no-verify --update-baseline >(cat)")
    assert (done.returncode, done.stderr[-11:]) == (2, "not a file\n")


def test_a_name_of_255_bytes_can_be_written(in_process: Sepcost) -> None:
    name = "n" * 250 + ".json"
    assert in_process("compare", "net.yaml", "--output", name).code == 0
    assert Path(name).read_text().startswith("{")


def test_files_have_the_permissions_that_they_had_or_those_of_new_ones(in_process: Sepcost) -> None:
    Path("old.json").write_text("old")
    Path("old.json").chmod(0o604)
    mask = os.umask(0o027)
    try:
        for name in ("old.json", "new.json"):
            assert in_process("compare", "net.yaml", "--output", name).code == 0
    finally:
        os.umask(mask)
    modes = [stat.S_IMODE(Path(name).stat().st_mode) for name in ("old.json", "new.json")]
    assert modes == [0o604, 0o640]


def test_a_link_that_was_planted_beside_the_output_is_not_followed(in_process: Sepcost) -> None:
    Path("victim").write_text("mine")
    for number in (os.getpid(), os.getpid() + 1):
        Path(f".out.json.{number}.tmp").symlink_to("victim")
    assert in_process("compare", "net.yaml", "--output", "out.json").code == 0
    assert Path("victim").read_text() == "mine"


@pytest.mark.parametrize("name", ["x.xlsx", "x.pt", "x.orc", "ckpt.pt", "x.v2"])
def test_a_suffix_of_something_else_is_no_report(in_process: Sepcost, name: str) -> None:
    Path(name).write_text("mine")
    done = in_process("compare", "net.yaml", "--output", name)
    suffix = Path(name).suffix
    assert (done.code, done.err.startswith(f"sepcost: --output {name}: there is no format {suffix} (")) == (2, True)
    assert Path(name).read_text() == "mine"
    assert in_process("compare", "net.yaml", "--format", "json", "--output", name).code == 0


@pytest.mark.parametrize("name", ["x", "x.txt", "x.log", "x.out"])
def test_plain_names_are_tables(in_process: Sepcost, name: str) -> None:
    assert in_process("compare", "net.yaml", "--output", name).code == 0
    assert "separable" in Path(name).read_text()


OUTPUTS = [
    ("compare", "net.yaml", "--format", "markdown"),
    ("diff", "net.yaml", "other.yaml", "--format", "markdown"),
    ("check", "net.yaml", "--no-verify", "--max-params", "1"),
]


@pytest.mark.parametrize("arguments", OUTPUTS, ids=lambda arguments: arguments[0])
def test_a_link_in_the_place_of_the_output_is_not_followed(in_process: Sepcost, arguments: tuple[str, ...]) -> None:
    Path("other.yaml").write_text(NET.replace("O: 4", "O: 5"))
    Path("setup.py").write_text("mine")
    Path("report.md").symlink_to("setup.py")
    Path("chain.md").symlink_to("report.md")
    Path("new.md").symlink_to("nowhere")
    Path("loop.md").symlink_to("loop.md")
    for name, target in (
        ("report.md", "setup.py"), ("chain.md", "report.md"), ("new.md", "nowhere"), ("loop.md", "loop.md")
    ):  # fmt: skip
        done = in_process(*arguments, "--output", name)
        message = f"sepcost: --output {name}: is a link to {target}: name the file itself\n"
        assert (done.code, done.out, done.err) == (2, "", message)
    assert (Path("setup.py").read_text(), Path("report.md").is_symlink()) == ("mine", True)
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("option", ["--output", "--update-baseline"])
def test_a_folder_that_is_a_link_out_of_this_one_is_not_followed(in_process: Sepcost, option: str) -> None:
    """Who wrote the repository chose where it leads; a link within it is a folder like others."""
    for name in ("outside", "here", "here/inside"):
        Path(name).mkdir()
    Path("outside/report.md").write_text("keep")
    os.chdir("here")
    Path("net.yaml").write_text(NET)
    Path("out").symlink_to("../outside")
    Path("in").symlink_to("inside")
    done = in_process("check", "net.yaml", "--no-verify", "--max-params", "1M", option, "out/report.md")
    expected = f"sepcost: {option} out/report.md: out is a link to ../outside: name the folder itself\n"
    assert (done.code, done.err) == (2, expected)
    assert Path("../outside/report.md").read_text() == "keep"
    done = in_process("check", "net.yaml", "--no-verify", "--max-params", "1M", option, "in/report.md")
    assert (done.code, Path("inside/report.md").exists()) == (0, True)


def test_a_baseline_is_not_made_behind_a_link(in_process: Sepcost) -> None:
    Path("costs.json").symlink_to("new.py")
    done = in_process("check", "net.yaml", "--no-verify", "--update-baseline", "costs.json")
    expected = "sepcost: --update-baseline costs.json: is a link to new.py: name the file itself\n"
    assert (done.code, done.err, Path("new.py").exists()) == (2, expected, False)


def test_a_name_of_blanks_is_seen(in_process: Sepcost) -> None:
    Path("net.yaml").write_text(NET.replace("name: net", 'name: " \\u00a0"'))
    done = in_process("check", "net.yaml", "--no-verify", "--max-params", "1M")
    assert "\\x20\\xa0" in done.out


def test_a_link_to_itself_is_a_source_that_cannot_be_read(in_process: Sepcost) -> None:
    Path("loop.yaml").symlink_to("loop.yaml")
    done = in_process("compare", "loop.yaml", "--output", "costs.json")
    assert (done.code, done.err) == (2, "loop.yaml: cannot be read: too many levels of symbolic links\n")


def test_a_link_to_what_is_no_file_of_its_own_is_written_to() -> None:
    usual = shell("sepcost compare net.yaml --format json").stdout
    for target in ("/dev/null", "/dev/stdout", "/dev/fd/3"):
        Path("link.json").unlink(missing_ok=True)
        Path("link.json").symlink_to(target)
        Path("again.json").unlink(missing_ok=True)
        Path("again.json").symlink_to("link.json")
        done = shell("{ sepcost compare net.yaml --format json --output again.json 3>&1 | cat; }")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (usual if target != "/dev/null" else "")
    shell("sepcost compare net.yaml --format json --output again.json 3>there.json")
    assert Path("there.json").read_text() == usual
    done = shell("sepcost compare net.yaml --output net.yaml/")
    assert (done.returncode, Path("net.yaml").read_text()) == (2, NET)


def test_a_baseline_behind_a_link_is_renewed_and_nothing_else_is(in_process: Sepcost) -> None:
    update = ("check", "net.yaml", "--no-verify", "--update-baseline")
    assert in_process(*update, "costs.json").code == 0
    before = Path("costs.json").read_text()
    Path("net.yaml").write_text(NET.replace("O: 4", "O: 5"))
    Path("link.json").symlink_to("costs.json")
    assert in_process(*update, "link.json").code == 0
    assert (Path("costs.json").read_text() != before, Path("link.json").is_symlink()) == (True, True)
    Path("setup.py").write_text("mine")
    Path("other.json").symlink_to("setup.py")
    assert in_process(*update, "other.json").code == 2
    assert Path("setup.py").read_text() == "mine"


BLOCKS = """
import os
from sepcost import Conv
print("said on import")
def mine(conv):
    print("said on call")
    os.write(1, b"said by C")
    return [("only", conv)]
"""
MODEL = "import torch\nnet = torch.nn.Conv2d(3, 4, 3)\ndef images():\n    return [torch.zeros(1, 3, 8, 8)]\n"


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("compare", "net.yaml"), "net.yaml"),
        (("compare", "net.yaml"), "linked.yaml"),
        (("compare", "net.yaml"), "hard.yaml"),
        (("compare", "."), "new.yaml"),
        (("compare", "linked.yaml"), "net.yaml"),
        (("compare", "model.py:net", "--input", "3x8x8"), "model.py"),
        (("compare", "model:net", "--input", "3x8x8"), "model.py"),
        (("compare", "model.py:net", "--input", "given.py:images"), "given.py"),
        (("compare", "net.yaml", "-r", "blk:mine"), "blk.py"),
        (("check", "net.yaml", "-r", "blk:mine"), "blk.py"),
        (("diff", "net.yaml", "linked.yaml"), "hard.yaml"),
    ],
)
def test_no_source_is_overwritten_whatever_way_it_is_reached(
    in_process: Sepcost, arguments: tuple[str, ...], output: str
) -> None:
    Path("blk.py").write_text(BLOCKS)
    for name in ("model.py", "given.py"):
        Path(name).write_text(MODEL)
    Path("linked.yaml").symlink_to("net.yaml")
    Path("hard.yaml").hardlink_to("net.yaml")
    before = Path(output).read_text() if Path(output).exists() else None
    format_ = "json" if arguments[0] != "compare" else "jsonl"
    done = in_process(*arguments, "--format", format_, "--output", output)
    assert (done.code, done.err) == (2, f"sepcost: --output {output}: is a source, and would be overwritten\n")
    assert (Path(output).read_text() if Path(output).exists() else None) == before


def test_what_a_replacement_of_ones_own_prints_is_no_result() -> None:
    Path("blk.py").write_text(BLOCKS)
    done = shell("sepcost compare net.yaml -r blk:mine --format csv")
    assert (done.returncode, "said" in done.stdout) == (0, False)
    assert "said on import" in done.stderr
    assert "said on call" in done.stderr
    assert "said by C" in done.stderr


def test_code_that_a_config_names_is_not_overwritten(in_process: Sepcost) -> None:
    Path("model.py").write_text(MODEL)
    Path("named.yaml").write_text("model: model.py:net\ninput: 3x8x8\n")
    done = in_process("compare", "named.yaml", "--run-models", "--format", "csv", "--output", "model.py")
    message = "sepcost: --output model.py: is code that was run, and would be overwritten\n"
    assert (done.code, done.err, Path("model.py").read_text()) == (2, message, MODEL)


def test_a_file_that_is_standard_input_is_not_overwritten() -> None:
    done = shell("sepcost compare - < net.yaml --format csv --output net.yaml")
    message = "sepcost: --output net.yaml: is a source, and would be overwritten\n"
    assert (done.returncode, done.stderr, Path("net.yaml").read_text()) == (2, message, NET)


def test_the_name_of_a_replacement_is_no_file(in_process: Sepcost) -> None:
    for name in ("separable", "blueprint"):
        assert in_process("compare", "net.yaml", "-r", name, "--output", name).code == 0
        assert Path(name).exists()


# What is read


def test_a_name_that_a_link_has_is_a_path_and_never_code(in_process: Sepcost) -> None:
    Path("x.py").write_text("raise SystemExit('it ran')")
    Path("x.py:f").symlink_to("nowhere")
    done = in_process("compare", "x.py:f")
    assert (done.code, done.err) == (2, "x.py:f: cannot be read: no such file or directory\n")


def test_unreadable_entries_of_a_folder_are_problems_and_what_is_skipped_is_said(in_process: Sepcost) -> None:
    nets, elsewhere = Path("nets"), Path("elsewhere")
    for path in (nets, elsewhere, nets / ".git"):
        path.mkdir()
        (path / "net.yaml").write_text(NET)
    (nets / ".hidden.yaml").write_text(NET)
    (nets / "linked").symlink_to("../elsewhere")
    done = in_process("compare", "nets", "--format", "csv", "--rows", "totals")
    assert (done.code, done.out.count("\nnet,")) == (0, 1)
    assert done.err == "sepcost: nets: skips nets/.git, nets/.hidden.yaml, nets/linked\n"
    (nets / "gone.yaml").symlink_to("nowhere")
    os.mkfifo(nets / "pipe.yaml")
    for command in (("compare",), ("check", "--no-verify", "--max-params", "1M")):
        done = in_process(*command, "nets")
        assert done.code == 2
        assert "nets/gone.yaml: cannot be read: no such file or directory\n" in done.err
        assert "nets/pipe.yaml: is no file\n" in done.err


@pytest.mark.parametrize("source", ["/dev/stdin < net.yaml", "/dev/stdin < <(cat net.yaml)", "<(cat net.yaml)"])
def test_pipes_and_what_the_shell_has_opened_are_read(source: str) -> None:
    done = shell(f"sepcost compare --rows totals --format csv {source}")
    assert (done.returncode, done.stdout.count("\nnet,"), done.stderr) == (0, 1, "")


@pytest.mark.parametrize("command", ["compare net.yaml", "check .", "compare nets.py:Net", "diff net.yaml net.yaml"])
def test_a_current_folder_that_is_gone_is_said(command: str) -> None:
    done = shell(f"mkdir gone; cd gone; rmdir ../gone; sepcost {command}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sepcost: the current folder is not there any more\n"


def test_the_variables_of_completion_turn_no_check_into_none() -> None:
    for instruction in ("complete_zsh", "complete_fish", "source_bash"):
        assert shell(FAILS, _SEPCOST_COMPLETE=instruction, _TYPER_COMPLETE_ARGS="sepcost ").returncode == 1
    for cword in ({}, {"COMP_CWORD": "x"}):
        done = shell("sepcost", _SEPCOST_COMPLETE="complete_bash", COMP_WORDS="sepcost ", **cword)
        assert "internal error" not in done.stderr
    done = shell("sepcost", _SEPCOST_COMPLETE="complete_bash", COMP_WORDS="sepcost che", COMP_CWORD="1")
    assert (done.returncode, done.stdout.split()) == (0, ["check"])


@pytest.fixture
def as_anybody(folder: Path) -> Iterator[None]:
    """Not as root, who reads everything."""
    folder.chmod(0o755)
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    yield
    os.seteuid(user)


def test_an_unreadable_folder_in_a_folder_is_a_problem(in_process: Sepcost, request: pytest.FixtureRequest) -> None:
    for name in ("nets/locked", "nets/open"):
        Path(name).mkdir(parents=True)
        Path(name, "net.yaml").write_text(NET)
    Path("nets/locked").chmod(0)
    request.getfixturevalue("as_anybody")
    for command in (("compare",), ("check", "--no-verify", "--max-params", "1M")):
        done = in_process(*command, "nets")
        assert (done.code, "nets/locked: cannot be read: permission denied\n" in done.err) == (2, True)


# The environment


@pytest.mark.parametrize(
    "variables",
    [
        {"TERMINAL_WIDTH": "abc", "LINES": "x", "TERM": "dumb", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"COLUMNS": "99999999999", "_SEPCOST_COMPLETE": "complete_bash", "PYTHONIOENCODING": "utf-8:bad"},
        {"COLUMNS": "-1", "_SEPCOST_COMPLETE": "foo", "PYTHONWARNINGS": "error", "FORCE_COLOR": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_no_variable_ends_in_an_internal_error(variables: dict[str, str]) -> None:
    for command in ("sepcost compare --help", FAILS):
        done = shell(command, **variables)
        assert done.returncode == (1 if command is FAILS else 0)
        assert done.stderr == ""


def test_a_number_of_any_size_is_a_top(in_process: Sepcost) -> None:
    assert in_process("compare", "net.yaml", "--rows", "totals", "--top", str(2**63)).code == 0
