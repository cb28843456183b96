"""Columns of one's own: figures that were measured elsewhere, beside those of networks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from sepcost.count.facts import FACTS
from sepcost.count.figure import in_records, is_of_target
from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError
from sepcost.layers.cost import Convention
from sepcost.text.kind import Kind
from sepcost.text.units import is_number, shortened
from sepcost.text.wording import did_you_mean, listed

NETWORK, FILE, REPLACEMENT = "network", "file", "replacement"
KEYS = (NETWORK, FILE, REPLACEMENT)
AXES = ("H", "W", "C", "K", "O", "size", "stride", "padding", "output_padding", "dilation", "groups")
OTHERS = ["alpha", "rho", "resolution", "name", "row", "layer", "layers", "part", "source", "kept", "costs_more"]
_counted_in = (each.name for each in fields(Convention))
TAKEN = {name.casefold() for name in (*in_records(), *FACTS, *AXES, *_counted_in, *OTHERS)}
"""The names of records, in small letters: no column of one's own takes the place of a figure."""


@dataclass
class Joined:
    """The rows of a CSV file, by the name of a network or by its file; and by a replacement, if there is such a column.

    ``columns`` are the others, with what each holds: numbers, written as they are, or text. ``unused`` are the rows
    that no network has had so far.
    """

    path: str
    by: str
    columns: Mapping[str, Kind]
    rows: Mapping[tuple[str, str | None], Mapping[str, str | None]]
    unused: set[tuple[str, str | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.unused = set(self.rows)

    @property
    def by_replacement(self) -> bool:
        """Whether each replacement has values of its own."""
        return any(text is not None for _, text in self.rows)

    @classmethod
    def read(cls, path: str, *, timed: bool = False) -> Joined:
        """Read a file; raises ConfigError with the place of what is wrong. ``timed``: there is a target."""
        (_, head), *rows = _rows(path) or [(1, [])]
        names = [name.strip() for name in head]
        by = next((key for key in (NETWORK, FILE) if key in names), None)
        if by is None:
            raise ConfigError.of(path, f"needs a column `{NETWORK}` or `{FILE}`, got {listed(names) or 'nothing'}")
        own = [name for name in names if name not in KEYS]
        taken = [name for name in own if name.casefold() in TAKEN and (timed or not is_of_target(name.casefold()))]
        if "" in names:
            raise ConfigError.of(path, f"column {names.index('') + 1} has no name")
        if taken or len(set(names)) < len(names) or not own:
            what = f"{taken[0]!r} is a name of sepcost's own" if taken else "each column needs a name of its own"
            raise ConfigError.of(path, f"{what}: rename it" if own else "has no column beside the names")
        found: dict[tuple[str, str | None], Mapping[str, str | None]] = {}
        for number, row in rows:
            if len(row) != len(names):
                raise ConfigError.of(f"{path}:{number}", f"has {len(row)} values for {len(names)} columns")
            values = dict(zip(names, (cell.strip() or None for cell in row)))
            key = (values.pop(by) or "", values.pop(REPLACEMENT, None))
            if key in found:
                raise ConfigError.of(f"{path}:{number}", f"{' under '.join(filter(None, key))!r} is there twice")
            found[key] = {name: values[name] for name in own}
        return cls(path, by, {name: _kind(row[name] for row in found.values()) for name in own}, found)

    def beside(self, snapshot: Snapshot) -> Snapshot:
        """The network with its values; a ConfigError if there are none for it."""
        name = (snapshot.name if self.by == NETWORK else snapshot.source) or ""
        wanted: Sequence[str | None] = snapshot.texts if self.by_replacement else [None]
        missing = [text for text in wanted if (name, text) not in self.rows]
        if missing:
            hint = did_you_mean(name, [known for known, _ in self.rows])
            under = f" under {missing[0]}" if missing[0] else ""
            if self.by_replacement and missing[0] is None:
                raise ConfigError.of(self.path, f"has values by replacement, and {shortened(name)!r} has none")
            raise ConfigError.of(self.path, f"has no row for {self.by} {shortened(name)!r}{under}{hint}")
        self.unused -= {(name, text) for text in wanted}
        return replace(snapshot, joined={text: self.rows[name, text] for text in wanted})

    def all_used(self) -> None:
        """A ConfigError if a row is of no network."""
        if self.unused:
            named = listed(sorted(f"{name!r}" + (f" under {text}" if text else "") for name, text in self.unused)[:10])
            raise ConfigError.of(self.path, f"no network is called {named}")


def _rows(path: str) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line on which it ends; raises ConfigError."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise ConfigError.of(path, f"is no CSV: {error}") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError.of(path, f"cannot be read: {reason}") from None


def _kind(values: Iterator[str | None]) -> Kind:
    return Kind.PARAMETER if all(value is None or is_number(value) for value in values) else Kind.TEXT
