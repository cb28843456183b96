"""The reduction of a convolution over its numbers: curves, and the limits that they approach."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isclose, prod
from typing import Any, NamedTuple, cast

from sepcost.charts.axes import counted_by, quantity
from sepcost.charts.marks import WIDE, altair, by_series, data, finished
from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot
from sepcost.count.sweep import combination_text
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.network.network import Network
from sepcost.sheets.titles import sweep_title
from sepcost.sheets.view import View
from sepcost.text.units import as_ratio

FAR = 2**29
"""As good as infinitely many channels: the reduction there is its limit, to eight digits."""
CHANNELS: Mapping[str, str] = {"C": "in_channels", "O": "out_channels", "groups": "groups"}
TITLES = {"C": "input channels C", "O": "output channels O", "K": "kernel size K", "H": "height H", "W": "width W"}
MOST_CURVES = 24
"""More curves cannot be told apart."""
MOST_MARKED = 20
"""The points of a curve have marks, unless they are so close that nothing is seen but marks."""


def reduction_chart(snapshots: Sequence[Snapshot], view: View) -> Any:
    """The reduction of MACs over the number with the most values, a curve for each combination of the others.

    None where no number is swept, or nothing is replaced.
    """
    alt, curves = altair(), Curves.of(snapshots)
    rows = [row for snapshot in snapshots for row in curves.rows(snapshot)] if curves else []
    if not curves or not rows:
        return None
    names = list(dict.fromkeys(row["series"] for row in rows))
    rows = [row for row in rows if row["series"] in names[:MOST_CURVES]]
    is_marked = len({row["x"] for row in rows}) <= MOST_MARKED
    looks = by_series(rows, lines=not is_marked)
    colour = looks.pop("color")
    x = quantity("X", "x", TITLES.get(curves.axis, curves.axis), rows, format_="~f")
    y = alt.Y("reduction:Q", title="reduction of MACs (standard ÷ replacement)")
    tips = ["series:N", alt.Tooltip("x:Q", title=curves.axis), alt.Tooltip("reduction:Q", format=".4~g")]
    base = alt.Chart(data(rows)).encode(x=x, y=y, color=colour, tooltip=tips)
    marks = base.mark_point(filled=True, size=40 if is_marked else 0, opacity=1)
    chart = base.mark_line().encode(**{} if is_marked else looks) + marks.encode(**looks if is_marked else {})
    limits = [limit for limit in curves.limits(snapshots) if limit["series"] in names[:MOST_CURVES]]
    if limits:
        lines = alt.Chart(data(limits)).encode(y=y, color=colour)
        text = alt.Chart(data(limits)).mark_text(align="right", dy=-6, fontSize=11)
        rules = lines.mark_rule(strokeDash=[2, 4], strokeWidth=1)
        chart = rules + chart + text.encode(y=y, text="limit:N", x=alt.value("width"))
    dotted = f"Dotted: the limit for ever larger {' = '.join((curves.axis, *curves.tied))}." if limits else ""
    fewer = f"The first {MOST_CURVES} of {len(names):,} curves." if len(names) > MOST_CURVES else ""
    title = sweep_title(snapshots, view.swept, next(iter(curves.texts)) if len(curves.texts) == 1 else None)
    about = counted_by(snapshots[0].convention)
    return finished(chart.properties(width=WIDE, height=340), title, about, dotted, fewer)


class Curves(NamedTuple):
    """The number at the axis, those that are ``tied`` to it, the ``others``, and the replacements."""

    axis: str
    tied: tuple[str, ...]
    others: tuple[str, ...]
    texts: Collection[str]

    @classmethod
    def of(cls, snapshots: Sequence[Snapshot]) -> Curves | None:
        """The axis is the number with the most values; None where there is none."""
        swept = [snapshot.swept for snapshot in snapshots]
        numbers = [name for name in swept[0] if all(isinstance(values[name], (int, float)) for values in swept)]
        axis = max(numbers, key=lambda name: len({values[name] for values in swept}), default=None)
        if axis is None:
            return None
        rest = [name for name in swept[0] if name != axis]
        tied = [name for name in rest if all(values[name] == values[axis] for values in swept)]
        texts = dict.fromkeys(text for snapshot in snapshots for text in snapshot.replaced)
        return cls(axis, tuple(tied), tuple(name for name in rest if name not in tied), texts)

    def rows(self, snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
        """The points of a combination, one on each of its curves."""
        for text in snapshot.replaced:
            reduction = snapshot.reduction(text)["macs"]
            if reduction is not None:
                yield {"x": snapshot.swept[self.axis], "series": self._series(snapshot, text), "reduction": reduction}

    def _series(self, snapshot: Snapshot, text: str) -> str:
        """What a curve is called: the numbers that are the same along it, and the replacement if there are several."""
        numbers = combination_text({name: snapshot.swept[name] for name in self.others})
        return ", ".join(filter(None, [numbers, text * (len(self.texts) > 1 or not numbers)]))

    def limits(self, snapshots: Sequence[Snapshot]) -> Iterator[Mapping[str, Any]]:
        """The limit of each curve that bends towards one: its value with as good as infinitely many channels."""
        if not {self.axis, *self.tied} <= {*CHANNELS}:
            return
        seen: set[str] = set()
        for snapshot in snapshots if snapshots[0].comparison else ():
            for text in snapshot.replaced:
                series = self._series(snapshot, text)
                if series not in seen:
                    seen.add(series)
                    near, far = (self._reduction(snapshot, text, channels) for channels in (FAR, 2 * FAR))
                    flat = far and isclose(far, snapshot.reduction(text)["macs"] or 0, rel_tol=1e-6)
                    if near and far and isclose(near, far, rel_tol=1e-6) and not flat:
                        conv = cast(Conv, snapshot.layers[0].layer)
                        yield {"series": series, "reduction": far, "limit": _limit_text(far, conv)}

    def _reduction(self, snapshot: Snapshot, text: str, channels: int) -> float | None:
        """The reduction with this number of channels; None where there is none."""
        conv = cast(Conv, snapshot.layers[0].layer)
        chosen = [each for each in snapshot.counted_now().replacements if each.text == text]
        try:
            numbers: Any = {CHANNELS[name]: channels for name in (self.axis, *self.tied)}
            many = replace(conv, **numbers)
            return Comparison.of(Network.of(many), chosen).reduction(text)
        except SepcostError:
            return None


def _limit_text(limit: float, conv: Conv) -> str:
    """The limit, and that it is K² where it is.

    >>> _limit_text(9.0000001, Conv((8, 8), 3, 8, 3)), _limit_text(4.5, Conv((8, 8), 3, 8, 3))
    ('K² = 9×', '4.50×')
    """
    kernel = prod(conv.kernel_size)
    is_square = len({*conv.kernel_size}) == 1 and isclose(limit, kernel, rel_tol=1e-5)
    power = {1: "", 2: "²", 3: "³"}[len(conv.kernel_size)]
    return f"K{power} = {kernel}×" if is_square else as_ratio(limit, 3)
