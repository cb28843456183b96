"""Targets as sheets, and as records: what they hold for, how good they are, what they know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sepcost.layers import Conv
from sepcost.sheets.sheet import Column, Row, Sheet
from sepcost.targets.law import CONSTANTS, Law
from sepcost.targets.profile import Profile
from sepcost.targets.work import kind_of
from sepcost.text.kind import Kind
from sepcost.text.units import as_percent, scaled

VERSION = 1
HELD_OUT = (
    "Error, within 1.5× and held: of points that were not fitted; error is the median, held is the 80 % interval."
)
RANGES = ("MACs", "map", "C", "O", "K", "stride")
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
    columns = tuple(Column(header, Kind.TEXT) for header in ("target", "setup", "error", "learned", "file"))
    rows = [
        Row((each.name, each.profile.setup.title, _errors(each.profile), each.profile.learned or None, each.place))
        for each in targets.kept
    ]
    points = Column("points")
    cells = [Row((*row.cells[:2], len(each.profile.points), *row.cells[2:])) for row, each in zip(rows, targets.kept)]
    return [Sheet("Targets", (*columns[:2], points, *columns[2:]), tuple(cells))]


def target_document(targets: Targets) -> dict[str, Any]:
    """What programs read of them."""
    return {"schema_version": VERSION, "targets": [_record(each) for each in targets.kept]}


def off_by(profile: Profile) -> str:
    """How far off it is, in words: ``4.5 % (standard), 3.8 % (depthwise)``."""
    return ", ".join(f"{as_percent(100 * each.error)} ({kind})" for kind, each in profile.accuracy.items())


def _errors(profile: Profile) -> str:
    errors = sorted(100 * each.error for each in profile.accuracy.values())
    return f"{as_percent(errors[0])} to {as_percent(errors[-1])}" if errors else "unknown"


def _laws(kept: Kept) -> Sheet:
    profile = kept.profile
    headers = ("points", "error", "within 1.5×", "held", "GFLOP/s (2/MAC)", "GB/s", "a call")
    kinds = (Kind.COUNT, *(Kind.PERCENT,) * 3, *(Kind.INTENSITY,) * 2, Kind.SECONDS)
    columns = (Column("kind of layer", Kind.TEXT), *map(Column, headers, kinds))
    rows = []
    for kind, law in profile.laws.items():
        accuracy = profile.accuracy.get(kind)
        shares = (accuracy.error, accuracy.within, accuracy.held) if accuracy else (None,) * 3
        percents = [None if share is None else 100 * share for share in shares]
        rates = _rates(law)
        rows.append(Row((kind, len(law.seconds), *percents, *rates)))
    learned = f"learned {profile.learned}, " if profile.learned else ""
    too_few = Counter(kind_of(point.layer) for point in profile.points if kind_of(point.layer) not in profile.laws)
    notes = [HELD_OUT, f"{kept.place}: {learned}id {profile.id}."]
    if too_few:
        notes.append(f"Too few layers to know: {', '.join(f'{kind} ({many})' for kind, many in too_few.items())}.")
    return Sheet(f"{kept.name}: {profile.setup.title}", columns, tuple(rows), notes=tuple(notes))


def _rates(law: Law) -> tuple[float | None, float | None, float]:
    """GFLOP/s, GB/s and seconds a call: what the constants say; None for what takes no time."""
    flop, byte, call = law.constants.values()
    return 1e-9 / flop if flop else None, 1e-9 / byte if byte else None, call


def _ranges(profile: Profile) -> Sheet:
    columns = tuple(Column(header, Kind.TEXT) for header in ("kind of layer", *RANGES))
    rows = []
    for kind in profile.laws:
        known = _known(profile, kind)
        ends = (known.get(name) for name in RANGES)
        rows.append(Row((kind, *(f"{scaled(each[0], 3)} – {scaled(each[1], 3)}" if each else None for each in ends))))
    return Sheet("Layers that were measured", columns, tuple(rows))


def _known(profile: Profile, kind: str) -> Mapping[str, tuple[int, int]]:
    """The least and the most of each number that layers of this kind have, along any axis."""
    found: dict[str, tuple[int, int]] = {}
    for layer in (point.layer for point in profile.points if kind_of(point.layer) == kind):
        channels, *size = layer.input_shape
        numbers = {"MACs": (layer.cost.macs,), "C": (channels,), "O": layer.output_shape[:1], "map": tuple(size)}
        if isinstance(layer, Conv):
            numbers |= {"K": layer.kernel_size, "stride": layer.stride}
        for name, values in numbers.items():
            both = (*found.get(name, ()), *values)
            if both:
                found[name] = (min(both), max(both))
    return found


def _record(kept: Kept) -> dict[str, Any]:
    profile = kept.profile
    laws = {
        kind: {
            "points": len(law.seconds),
            "accuracy": profile.accuracy[kind]._asdict() if kind in profile.accuracy else None,
            **{name: law.constants[term] for term, name in CONSTANTS.items()},
            "measured": {
                name.lower() if name == "MACs" else name: ends for name, ends in _known(profile, kind).items()
            },
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
