"""The golden cases, and what sepcost prints for them."""

from __future__ import annotations

from pathlib import Path

from tests.commands import sepcost

CASES = sorted(Path(__file__).parent.glob("*.args"))

NETS = "tests/configs/check"
CHECKS = {
    "fails": (1, (f"{NETS}/fails.yaml", f"{NETS}/stream.yaml", "--baseline", f"{NETS}/costs.json", "--allow", "gone")),
    "gone": (2, (f"{NETS}/stream.yaml", "--baseline", f"{NETS}/costs.json")),
    "not_judged": (2, (f"{NETS}/fails.yaml", f"{NETS}/broken.yaml", "missing.yaml", "--baseline", "pyproject.toml")),
}
"""Runs of check that do not pass: each with its exit code and its arguments."""
FORMATS = ("table", "json", "markdown", "github", "junit")
FAILING = {Path(__file__).parent / "check" / f"{name}.{format_}": name for name in CHECKS for format_ in FORMATS}


def printed(case: Path) -> str:
    run = sepcost(*case.read_text(encoding="utf-8").split())
    assert (run.code, run.err) == (0, "")
    return run.out


def printed_by_check(file: Path) -> str:
    """What check prints, in the format that the file is named after, where it does not pass."""
    code, arguments = CHECKS[FAILING[file]]
    run = sepcost("check", "--no-verify", *arguments, "--format", file.suffix[1:])
    assert run.code == code
    return run.out
