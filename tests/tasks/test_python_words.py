"""Whatever a message or a note names, a caller in Python can give it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sepcost.cli.commands import COMMANDS
from sepcost.tasks.python_words import python_words
from tests.commands import ROOT, sepcost

OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*(?![\w-])")
NOT_IN_PYTHON = {
    "--data", "--distil", "--like", "--from", "--layers", "--minutes", "--max-time", "--max-macs", "--max-params",
    "--memory-format", "--min-energy", "--no-norms", "--save-model", "--save-plan", "--save-weights", "--score",
    "--weights", "--ours", "--processor", "--output", "--update-baseline", "--exclude", "--join", "--plot", "--seed",
}  # fmt: skip
"""What only commands have: fitting, learning a target, writing baselines, plans and files, and selections."""


def texts() -> Iterator[str]:
    """The texts of the package, apart from those of commands, and from docstrings."""
    for file in sorted((ROOT / "sepcost").rglob("*.py")):
        if file.parent.name == "cli" or file.name == "python_words.py":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield node.value


def test_every_option_that_is_named_has_words_in_python() -> None:
    of_commands = {option for command in COMMANDS for option in OPTION.findall(sepcost(command, "--help").out)}
    named = {option for text in texts() for option in OPTION.findall(text) if option in of_commands}
    assert {"--target", "--input", "--format", "-r", "--filter"} <= named
    left = {option for option in named if python_words(f"give {option}") == f"give {option}"}
    assert left <= NOT_IN_PYTHON, left - NOT_IN_PYTHON


def test_values_are_those_of_python() -> None:
    assert python_words("use --format csv, or --top 20") == "use to_csv(), or top=20"
    assert (
        python_words("give --rows totals; -r separable -r none")
        == 'give rows="totals"; replacements=["separable", "none"]'
    )
    assert python_words("a name --alpha-like, x-r, 3-C") == "a name --alpha-like, x-r, 3-C"
    assert python_words("choose one by --include NAME") == "choose one by layer=NAME"
