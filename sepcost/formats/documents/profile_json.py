"""A profile as JSON: a small file that people read, share and commit, with a point on each line."""

from __future__ import annotations

import json
from typing import Any

from sepcost.sources.targets.profile_json import PROFILE_COLUMNS, TARGET
from sepcost.sources.targets.rows import cells_of
from sepcost.targets.law import CONSTANTS, Law
from sepcost.targets.profile import Accuracy, Profile

VERSION = 1


def profile_text(profile: Profile) -> str:
    """The file."""
    head = {"schema_version": VERSION, "kind": TARGET, "name": profile.name, "learned": profile.learned}
    setup = {name: getattr(profile.setup, name) for name in profile.setup.__dataclass_fields__}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    lines += [
        _lines("setup", setup),
        _lines("accuracy", {kind: _accuracy(each) for kind, each in profile.accuracy.items()}),
        _lines("laws", {kind: _law(law) for kind, law in profile.laws.items()}),
        f'"columns": {json.dumps(PROFILE_COLUMNS)}',
    ]
    rows = [
        json.dumps([*cells_of(layer).values(), seconds], separators=(",", ":")) for layer, seconds in profile.points
    ]
    lines.append('"points": [\n' + ",\n".join(rows) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(key: str, values: dict[str, Any]) -> str:
    inner = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
    )
    return f"{json.dumps(key)}: {{\n{inner}\n}}"


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in accuracy._asdict().items()}


def _law(law: Law) -> dict[str, Any]:
    constants = {name: law.constants[term] for term, name in CONSTANTS.items()}
    numbers = {"amplitude": law.amplitude, "noise": law.noise, "mean": law.mean}
    return {**constants, **numbers, "lengths": dict(law.lengths)}
