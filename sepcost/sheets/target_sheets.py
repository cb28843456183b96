"""Targets as sheets, and as records: what they hold for, how good they are, what they know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sepcost.sheets.sheet import Column, Row, Sheet
from sepcost.targets.law import CONSTANTS
from sepcost.targets.profile import Profile
from sepcost.targets.work import kind_of
from sepcost.text.kind import Kind
from sepcost.text.units import as_percent, scaled

VERSION = 1
HELD_OUT = "Tried: points that were not fitted; error is their median, held is by the 80 % interval."
NUMBERS: Mapping[str, Callable[[Any], Sequence[int]]] = {
    "MACs": lambda layer: (layer.cost.macs,),
    "map": lambda layer: layer.input_shape[1:],
    "C": lambda layer: layer.input_shape[:1],
    "O": lambda layer: layer.output_shape[:1],
    "K": lambda layer: getattr(layer, "kernel_size", ()),
    "stride": lambda layer: getattr(layer, "stride", ()),
}
"""What is said of the layers that were measured."""


class Kept(NamedTuple):
    """A profile, and its file."""

    name: str
    path: str
    profile: Profile
    ships: bool = False

    @property
    def place(self) -> str:
        """Where people find it."""
        return "ships with sepcost" if self.ships else self.path


class Targets(NamedTuple):
    """Targets; or all that is known of one."""

    kept: Sequence[Kept]
    in_detail: bool = False


def target_sheets(targets: Targets) -> list[Sheet]:
    """A row for each target; of one in detail, a row for each kind of layer."""
    if targets.in_detail:
        return [sheet for each in targets.kept for sheet in (_laws(each), _ranges(each.profile))]
    setup, *others = (Column(header, Kind.TEXT) for header in ("setup", "error", "learned", "file"))
    rows = []
    for name, _, profile, *_ in targets.kept:
        errors = sorted(100 * each.error for each in profile.accuracy.values())
        error = f"{as_percent(errors[0])} to {as_percent(errors[-1])}" if errors else None
        rows.append((name, profile.setup.title, len(profile.points), error, profile.learned or None))
    columns = (Column("target", Kind.TEXT), setup, Column("points"), *others)
    return [Sheet("Targets", columns, tuple(Row((*row, each.place)) for row, each in zip(rows, targets.kept)))]


def target_document(targets: Targets) -> dict[str, Any]:
    """What programs read of them."""
    return {"schema_version": VERSION, "targets": [_record(each) for each in targets.kept]}


def off_by(profile: Profile) -> str:
    """How far off it is, in words: ``4.5 % (standard), 3.8 % (depthwise)``."""
    return ", ".join(f"{as_percent(100 * each.error)} ({kind})" for kind, each in profile.accuracy.items())


def _laws(kept: Kept) -> Sheet:
    profile = kept.profile
    headers = ("points", "tried", "error", "within 1.5×", "held", "GFLOP/s (2/MAC)", "GB/s", "a call")
    kinds = (Kind.COUNT, Kind.COUNT, *(Kind.PERCENT,) * 3, *(Kind.INTENSITY,) * 2, Kind.SECONDS)
    rows = []
    for kind, law in profile.laws.items():
        tried, *shares = profile.accuracy[kind]
        percents = (100 * share for share in shares)
        rates = (1e-9 / law.constants[term] if law.constants[term] else None for term in ("compute", "memory"))
        rows.append(Row((kind, len(law.seconds), tried, *percents, *rates, law.constants["calls"])))
    too_few = Counter(kind_of(point.layer) for point in profile.points if kind_of(point.layer) not in profile.laws)
    notes = [HELD_OUT, f"{kept.place}: {f'learned {profile.learned}, ' * bool(profile.learned)}id {profile.id}."]
    if too_few:
        notes.append(f"Too few layers to know: {', '.join(f'{kind} ({many})' for kind, many in too_few.items())}.")
    columns = (Column("kind of layer", Kind.TEXT), *map(Column, headers, kinds))
    return Sheet(f"{kept.name}: {profile.setup.title}", columns, tuple(rows), notes=tuple(notes))


def _ranges(profile: Profile) -> Sheet:
    columns = tuple(Column(header, Kind.TEXT) for header in ("kind of layer", *NUMBERS))
    rows = []
    for kind in profile.laws:
        ends = (_measured(profile, kind).get(name) for name in NUMBERS)
        rows.append(Row((kind, *(f"{scaled(each[0], 3)} – {scaled(each[1], 3)}" if each else None for each in ends))))
    return Sheet("Layers that were measured", columns, tuple(rows))


def _measured(profile: Profile, kind: str) -> dict[str, tuple[int, int]]:
    """The least and the most of each number that layers of this kind have, along any axis."""
    layers = [point.layer for point in profile.points if kind_of(point.layer) == kind]
    found = {}
    for name, numbers in NUMBERS.items():
        values = [value for layer in layers for value in numbers(layer)]
        if values:
            found[name] = (min(values), max(values))
    return found


def _record(kept: Kept) -> dict[str, Any]:
    profile = kept.profile
    laws = {
        kind: {
            "points": len(law.seconds),
            "accuracy": profile.accuracy[kind]._asdict(),
            **{name: law.constants[term] for term, name in CONSTANTS.items()},
            "measured": _measured(profile, kind),
        }
        for kind, law in profile.laws.items()
    }
    return {
        "name": kept.name,
        "path": kept.path,
        "id": profile.id,
        "learned": profile.learned or None,
        "title": profile.setup.title,
        "setup": asdict(profile.setup),
        "points": len(profile.points),
        "laws": laws,
    }
