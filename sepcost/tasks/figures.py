"""Figures: a comparison evaluated, with the times of its target."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

from sepcost.blocks.replacements import ReplaceIf
from sepcost.count.comparison import Comparison
from sepcost.count.evaluation import evaluated
from sepcost.count.placed import with_placed
from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError
from sepcost.sheets.view import View
from sepcost.text.units import as_text

if TYPE_CHECKING:
    from sepcost.targets.profile import Profile

AnyTarget: TypeAlias = "str | PathLike[str] | Profile | None"
"""What a target may be given as."""


def figures_of(comparison: Comparison) -> Snapshot:
    """The figures of a comparison; those of a target where it has one."""
    snapshot = evaluated(comparison)
    if comparison.target is None:
        return snapshot
    from sepcost.count.timed import with_times  # needs NumPy

    return with_times(snapshot)


def figures_in(view: View, comparison: Comparison) -> Snapshot:
    """The figures of a comparison, with those that the view asks for, and its fixed numbers."""
    snapshot = replace(figures_of(comparison), fixed=view.fixed)
    return with_placed(snapshot, view.asked).asking(view.asked)


def asked_target(given: Any, replace_if: ReplaceIf = ReplaceIf.ALWAYS) -> Profile | None:
    """The target of this name, in this file, or given as a profile; None where none was asked for."""
    if given is None:
        if replace_if is ReplaceIf.FASTER:
            raise SepcostError("--replace-if faster is by predicted times: give --target")
        return None
    from sepcost.targets.profile import Profile  # needs NumPy

    if isinstance(given, Profile):
        return given
    if not isinstance(given, (str, PathLike)):
        raise SepcostError(f"target: must be a name, a file or a Profile, got {as_text(given, repr)}")
    from sepcost.sources.targets.kept import read_target  # needs pydantic

    return read_target(fspath(given))
