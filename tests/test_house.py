"""The house: folders import one way, in few floors, and little lies at the top."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sepcost
from tests.commands import ROOT

TOP = "sepcost"
MOST_AT_THE_TOP = 6
MOST_FLOORS = 12
MOST_FLOORS_INSIDE = 4
LONGEST = 60
"""Lines of a function, its signature and its docstring apart."""


def modules() -> dict[str, Path]:
    paths = sorted((ROOT / TOP).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


MODULES = modules()
FOLDERS = sorted({".".join(path.relative_to(ROOT / TOP).parent.parts) for path in MODULES.values()} - {""})


def imported(name: str) -> Iterator[str]:
    """The modules of sepcost that a module imports, wherever in it, for types too."""
    return imports(MODULES[name].read_text(encoding="utf-8"))


def imports(code: str) -> Iterator[str]:
    """The modules of sepcost that code imports; a public name is in its home, and the package itself is refused."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (home(alias.name) for alias in node.names if alias.name.split(".")[0] == TOP)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import: write the whole name"
            if node.module and node.module.split(".")[0] == TOP:
                yield from (home(node.module, f"{node.module}.{alias.name}") for alias in node.names)


def home(module: str, inner: str = "") -> str:
    """The module that is imported, or that has the name which is imported."""
    public = {f"{TOP}.{name}": each for each, names in sepcost._HOMES.items() for name in names}
    found = next((each for each in (public.get(inner), inner, module) if each in MODULES), None)
    assert found not in (None, TOP), f"import of {inner or module}: name the module that has it"
    return str(found)


def room(name: str) -> str:
    """The folder of a module; a module at the top is its own."""
    return ".".join(name.split(".")[:2])


def floors(graph: Mapping[str, set[str]]) -> int:
    """How many there are, one upon the other; a CycleError where two are upon each other."""
    height: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        height[name] = 1 + max((height[below] for below in graph.get(name, ())), default=0)
    return max(height.values(), default=0)


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import os, sepcost.cli.app", ["sepcost.cli.app"]),
        ("from sepcost import Conv, check", ["sepcost.layers", "sepcost.tasks.check"]),
        ("def late():\n    from sepcost.count import figure", ["sepcost.count.figure"]),
        ("from sepcost.count.figure import NAMES", ["sepcost.count.figure"]),
    ],
)
def test_every_way_to_import_is_read(code: str, modules: list[str]) -> None:
    assert list(imports(code)) == modules


@pytest.mark.parametrize("code", ["import sepcost", "from sepcost import __file__", "from . import figure"])
def test_other_ways_to_import_are_refused(code: str) -> None:
    with pytest.raises(AssertionError, match="import"):
        list(imports(code))


def test_folders_import_one_way_in_few_floors() -> None:
    graph: dict[str, set[str]] = {}
    for name in MODULES:
        if name.split(".")[1:] not in ([], ["__main__"]):
            graph.setdefault(room(name), set()).update({room(other) for other in imported(name)} - {room(name), TOP})
    assert floors(graph) <= MOST_FLOORS


def test_contributing_lists_the_folders_in_the_order_of_imports() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [f"{TOP}.{name}" for name in re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)]
    assert set(rows) == {f"{TOP}.{folder}" for folder in FOLDERS if "." not in folder}
    for name in MODULES:
        for other in imported(name):
            if room(name) in rows and room(other) in rows:
                assert rows.index(room(other)) <= rows.index(room(name)), f"{name} imports {other}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_inside_a_folder_there_are_few_floors(folder: str) -> None:
    """A folder in it is one of its modules."""
    depth = folder.count(".") + 3
    graph: dict[str, set[str]] = {}
    for name in MODULES:
        if name.startswith(f"{TOP}.{folder}."):
            inner = ".".join(name.split(".")[:depth])
            others = {".".join(other.split(".")[:depth]) for other in imported(name)}
            within = {other for other in others if other.startswith(f"{TOP}.{folder}.")}
            graph.setdefault(inner, set()).update(within - {inner})
    assert floors(graph) <= MOST_FLOORS_INSIDE


def test_little_lies_at_the_top() -> None:
    assert len(list((ROOT / TOP).glob("*.py"))) <= MOST_AT_THE_TOP


def test_no_function_is_long() -> None:
    long = []
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and len(node.body) > (ast.get_docstring(node) is not None):
                first = node.body[ast.get_docstring(node) is not None]
                if (node.body[-1].end_lineno or 0) - first.lineno >= LONGEST:
                    long.append(f"{name}.{node.name}")
    assert long == []
