"""What was fitted as records: all of a row, flat, under the names of JSON, CSV and ``--sort``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sepcost.count.figure import REDUCTION, REPLACEMENT, SPEEDUP
from sepcost.measured.fits import LAYER, Chosen, Fits, Fitted
from sepcost.sheets.ordering import ordered
from sepcost.version import __version__

SCHEMA_VERSION = 1
COUNTS = ("params", "macs", "time")
LOST = ("energy", "output_error", "loss")
FIGURES = (
    *LOST, "is_exact", *COUNTS, *(f"{REPLACEMENT}{name}" for name in COUNTS), f"{REDUCTION}params", f"{REDUCTION}macs",
    SPEEDUP, "most_multiplier",
)  # fmt: skip
COLUMNS = ("network", "row", "layer", "kernel", "replacement", "kept", *FIGURES, "chosen")
"""The names of a record, in order."""
SORTS = tuple(name for name in FIGURES if name != "is_exact")


def records(fits: Fits) -> Iterator[dict[str, Any]]:
    """A record for each layer and replacement, and for the totals."""
    return map(record, fits.rows)


def table(fits: Fits) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """The names of the columns, and the rows."""
    return COLUMNS, [*records(fits)]


def record(row: Fitted) -> dict[str, Any]:
    """One row; what is lost is null of a layer that is kept."""
    energy, output_error, is_exact = row.fit or (None, None, None)
    before, after = row.before, row.after
    reduced = [None if old is None or new is None else old / new if new else None for old, new in zip(before, after)]
    known = (
        row.network, row.about, row.layer if row.about == LAYER else None, list(row.kernel) or None, row.replacement,
        row.kept, energy, output_error, row.loss, is_exact, *before, *after, *reduced, row.most_multiplier, row.chosen,
    )  # fmt: skip
    return dict(zip(COLUMNS, known))


def document(fits: Fits) -> dict[str, Any]:
    """The contract of docs/fit.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "weights": fits.weights,
        "data": fits.data,
        "target": fits.target,
        "rows": [*records(fits)],
        "chosen": _chosen(fits.chosen),
        "scores": fits.scores and {**fits.scores._asdict(), "fitted": dict(fits.scores.fitted)},
        "written": dict(fits.written),
        "notes": list(fits.notes),
    }


def _chosen(plan: Chosen | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    return {
        "limit": plan.limit,
        "plan": dict(plan.plan),
        "replaced": plan.replaced,
        "layers": plan.layers,
        "energy": plan.energy,
        "summed_loss": plan.summed,
        "measured_loss": plan.measured,
        "gap": plan.gap,
        **dict(zip(COUNTS, plan.before)),
        **dict(zip((f"{REPLACEMENT}{name}" for name in COUNTS), plan.after)),
    }


def chosen_rows(fits: Fits, sort: str | None, top: int | None) -> Fits:
    """The same with its layers sorted, largest first or smallest first (``-NAME``), and only the first ones.

    A figure is that of the first replacement that takes the layer. Totals, and layers that nothing takes, follow.
    """
    if sort is None and top is None:
        return fits

    def value(rows: list[Fitted], name: str) -> float | None:
        found: float | None = record(next(row for row in rows if row.fit))[name]
        return found

    groups = [list(rows) for _, rows in groupby(fits.rows, key=attrgetter("network", "about", "layer"))]
    layers = [rows for rows in groups if rows[0].about == LAYER and any(row.fit for row in rows)]
    rest = [rows for rows in groups if rows not in layers]
    shown = ordered(layers, sort, value)[:top]
    notes = list(fits.notes)
    if len(shown) < len(layers):
        notes.insert(0, f"{len(shown):,} of {len(layers):,} layers{f', by {sort}' if sort else ''}; totals are of all.")
    return fits._replace(rows=[row for rows in (*shown, *rest) for row in rows], notes=notes)
