"""What was fitted as sheets for people: the layers of each network, all of it and the plan, the scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sepcost.count.figure import MACS, REDUCED
from sepcost.count.verification import STANDARD
from sepcost.layers.cost import ratio
from sepcost.measured.fits import LAYER, PLAN, TOTAL, Chosen, Counts, Fit, Fits, Fitted, Scores
from sepcost.sheets.notes import kept_lines
from sepcost.sheets.sheet import AT_LEAST, Cell, Column, Look, Ratio, Row, Sheet, Speedup, cell_text
from sepcost.text.arguments import times
from sepcost.text.kind import Kind
from sepcost.text.units import as_percent, scaled
from sepcost.text.wording import counted, listed

ENERGY, ERROR, LOSS, PARAMS, TIME, SPEEDUP = "energy", "error", "loss", "params", "time", "speed-up"
KINDS = {
    ENERGY: Kind.PERCENT, ERROR: Kind.PERCENT, LOSS: Kind.PERCENT, PARAMS: Kind.COUNT, MACS: Kind.COUNT,
    REDUCED: Kind.RATIO, TIME: Kind.SECONDS, SPEEDUP: Kind.RATIO,
}  # fmt: skip
"""What is shown of a replacement, where it is known."""
MEANINGS = {
    ENERGY: "the share of a kernel's squared norm that the replacement can represent",
    ERROR: "the share of the variance of a layer's output, on the data, that it misses",
    LOSS: "that of the network's output, if one layer alone is replaced (in the total: all)",
}
OPTIONAL = {PARAMS: 4, MACS: 3, TIME: 3, SPEEDUP: 2, ENERGY: 1}
"""What a narrow terminal leaves out first; the last measure of what is lost stays."""
WITH_SEVERAL = {ENERGY: 3, ERROR: 2, SPEEDUP: 2, REDUCED: 1}
"""The same for a table with several replacements, which has no more of each."""
OF_TOTALS = {PARAMS: 4, SPEEDUP: 3, ENERGY: 2, REDUCED: 1}
OF_STANDARD = {PARAMS: 6, MACS: 5, TIME: 5}
MARK = "*"
KERNEL_HIDES, MULTIPLIER_HIDES = 3, 4


def fit_sheets(fits: Fits) -> list[Sheet]:
    """The layers of each network; all of it, where there is more than one way to replace it; and the scores.

    A row is of a layer, however many replacements were asked for: what stays in a narrow terminal is how much each
    loses, by the measure that says most of what there is.
    """
    sheets: list[Sheet] = []
    for name in dict.fromkeys(row.network for row in fits.rows):
        rows = [row for row in fits.rows if row.network == name]
        sheets.append(_layers_sheet(fits, name, rows))
        totals = [row for row in rows if row.about == TOTAL]
        sheets += [_totals_sheet(fits, name, totals)] if fits.chosen or totals[1:] else []
    sheets += [_score_sheet(fits.scores, fits.data)] if fits.scores else []
    *others, last = sheets
    written = [f"Written: {listed([f'{what} to {where}' for what, where in fits.written.items()])}."]
    return [*others, last._replace(notes=(*last.notes, *(written if fits.written else ()), *fits.notes))]


def _layers_sheet(fits: Fits, network: str, rows: Sequence[Fitted]) -> Sheet:
    """A row for each layer that something replaces: what each replacement keeps and saves."""
    texts = list(dict.fromkeys(row.replacement for row in rows if row.fit))
    shown = _shown(rows)
    lost = [name for name in MEANINGS if name in shown] or [ENERGY]
    of_each = [name for name in shown if name in (*WITH_SEVERAL, LOSS)] if texts[1:] else shown
    optional = {**(WITH_SEVERAL if texts[1:] else OPTIONAL), lost[-1]: 0}
    families = list(dict.fromkeys(_family(row) for row in rows if row.most_multiplier is not None))
    before = [name for name in shown if name in OF_STANDARD]
    columns = (
        Column("layer", Kind.TEXT, names_rows=True),
        Column("kernel", Kind.TEXT, KERNEL_HIDES),
        *(Column(name, KINDS[name], OF_STANDARD[name], STANDARD) for name in before),
        *(Column(name, KINDS[name], optional.get(name, 0), text) for text in texts for name in of_each),
        *(Column(f"fewer {MACS if MACS in shown else PARAMS}", Kind.TEXT, MULTIPLIER_HIDES, each) for each in families),
    )

    def row_of(name: str, replaced: Sequence[Fitted], blank: Cell = None) -> Row:
        by_text = {row.replacement: _marked(row, lost[-1]) for row in replaced}
        most = {_family(row): f"m ≤ {row.most_multiplier}" for row in replaced if row.most_multiplier}
        cells = (
            name,
            times(replaced[0].kernel),
            *(_counts(replaced[0].before)[each] for each in before),
            *(by_text.get(text, {}).get(each, blank) for text in texts for each in of_each),
            *(most.get(each, "") for each in families),
        )
        is_kept = fits.chosen and not any(row.chosen and row.fit for row in replaced)
        return Row(cells, Look.KEPT if is_kept else Look.PLAIN)

    layers: dict[str, list[Fitted]] = {}
    for row in rows:
        if row.about == LAYER:
            layers.setdefault(row.layer, []).append(row)
    fitted = [row_of(name, each) for name, each in layers.items() if any(row.fit for row in each)]
    totals = [row for row in rows if row.about == TOTAL]
    title = f"{network}: {counted(len(fitted), 'kernel')}{f' of {fits.weights}' * (fits.weights != network)}"
    return Sheet(
        f"{title}, on {fits.data}" if fits.data else title,
        columns,
        tuple(fitted),
        (row_of("total", totals, ""),) if totals else (),
        tuple(_notes(fits, lost, layers)),
    )


def _totals_sheet(fits: Fits, network: str, totals: Sequence[Fitted]) -> Sheet:
    """All of a network: as it is, under each replacement, and as the plan has it."""
    plan = fits.chosen
    rows = [*totals]
    if plan:
        fit = Fit(plan.energy)
        rows.append(Fitted(network, TOTAL, "", PLAN, plan.before, plan.after, fit=fit, loss=plan.measured))
    shown = _shown(rows)
    columns = (Column(name, KINDS[name], OF_TOTALS.get(name, 0)) for name in shown)
    standard = {**dict.fromkeys(shown, ""), **_counts(rows[0].before)}
    ways = [Row((row.replacement, *(_figures(row).get(each) for each in shown))) for row in rows]
    return Sheet(
        _plan_title(plan) if plan else f"{network}: totals",
        (Column("", Kind.TEXT, names_rows=True), *columns),
        (Row((STANDARD, *(standard[each] for each in shown))), *ways[: len(totals)]),
        tuple(ways[len(totals) :]),
        tuple(_plan_notes(plan, fits.data)) if plan else (),
    )


def _score_sheet(scores: Scores, data: str | None) -> Sheet:
    """What the user's function says, on data of its own; its numbers are the user's own, too."""
    title = f"{scores.name}: {scores.about.rstrip('.')}" if scores.about else scores.name
    columns = (
        Column(STANDARD, Kind.PARAMETER),
        *(Column("fitted", Kind.PARAMETER, group=text) for text in scores.fitted),
    )
    cells = tuple(f"{value:.4g}" for value in (scores.original, *scores.fitted.values()))
    return Sheet(f"{title}; fitted on {data}" if data else title, columns, (Row(cells),))


def _figures(row: Fitted) -> Mapping[str, Cell]:
    """What is known of a row, by header."""
    before, after, fit = row.before, row.after, row.fit
    reduced = ratio(before.params, after.params)
    if before.macs is not None and after.macs is not None:
        reduced = ratio(before.macs, after.macs)
    known: Mapping[str, Cell] = {
        ENERGY: _energy(fit),
        ERROR: _percent(fit and fit.output_error),
        LOSS: _percent(row.loss),
        **_counts(after),
        REDUCED: "kept" if row.kept else Ratio(reduced, flagged=reduced is not None and reduced < 1),
        SPEEDUP: Speedup(before.seconds / after.seconds, None, None) if before.seconds and after.seconds else None,
    }
    return {name: cell for name, cell in known.items() if cell is not None}


def _marked(row: Fitted, name: str) -> Mapping[str, Cell]:
    """The same, with a mark at this one if the plan has it so."""
    known = _figures(row)
    return {**known, name: f"{MARK} {cell_text(known.get(name), KINDS[name])}"} if row.chosen and row.fit else known


def _counts(counts: Counts) -> Mapping[str, Cell]:
    return dict(zip((PARAMS, MACS, TIME), counts))


def _energy(fit: Fit | None) -> Cell:
    """Per cent; at least so many, where other weights may have more."""
    return None if fit is None else 100 * fit.energy if fit.is_exact else f"{AT_LEAST}{as_percent(100 * fit.energy)}"


def _percent(share: float | None) -> Cell:
    return None if share is None else 100 * share


def _shown(rows: Sequence[Fitted]) -> list[str]:
    """What is known of some rows."""
    known = {name for row in rows for name in _figures(row)}
    return [name for name in KINDS if name in known]


def _family(row: Fitted) -> str:
    return row.replacement.partition(":")[0]


def _notes(fits: Fits, lost: Sequence[str], layers: Mapping[str, Sequence[Fitted]]) -> Iterator[str]:
    """What the columns mean, and what is kept: under every replacement, or by one that does not take it."""
    if any(row.fit for row in fits.rows):
        yield f"{'; '.join(f'{name}: {MEANINGS[name]}' for name in lost)}."
    kept: list[tuple[str, str | None, str | None]] = []
    for name, rows in layers.items():
        if any(row.fit for row in rows):
            kept += [(name, row.replacement, row.kept) for row in rows]
        else:
            kept.append((name, None, rows[0].kept))
    if fits.chosen and fits.chosen.plan:
        yield f"{MARK} is what the plan has; it keeps the other layers."
    yield from kept_lines(kept)
    if fits.target:
        yield f"Times are predicted for {fits.target}."


def _plan_title(plan: Chosen) -> str:
    """The limit, and how it is kept."""
    before, after = plan.before, plan.after
    if before.macs is None or after.macs is None:
        costs = f"{scaled(after.params)} params of {scaled(before.params)}"
    else:
        costs = f"{scaled(after.macs)} MACs of {scaled(before.macs)}"
    is_one = "is" if plan.replaced == 1 else "are"
    return f"{plan.limit}: {plan.replaced:,} of {counted(plan.layers, 'layer')} {is_one} replaced, {costs}"


def _plan_notes(plan: Chosen, data: str | None) -> Iterator[str]:
    of = "the variance of the network's output" if data else "the kernels' squared norm"
    measured = "" if plan.measured is None else f"; {as_percent(100 * plan.measured)} measured, all together"
    yield f"The plan loses {as_percent(100 * plan.summed)} of {of}, summed over its layers{measured}."
    if plan.gap:
        yield f"There were too many choices to try all: another might save {as_percent(100 * plan.gap)} more."
