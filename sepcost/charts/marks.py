"""Marks: what all charts share, the looks of series and of layers, and titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle, islice
from textwrap import wrap
from typing import Any, TypeAlias

from sepcost.count.verification import STANDARD
from sepcost.errors import needs
from sepcost.text.harmless import harmless, visible

Rows: TypeAlias = Sequence[Mapping[str, Any]]
"""The data of a chart: what its points are, under the names of its fields."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#A89A00")
"""Okabe and Ito's, which people who do not see red and green tell apart (jfly.uni-koeln.de/color): those with the most
contrast to white first, yellow darker, and grey for the standard in the place of black."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
DASHES = ([1, 0], [8, 3], [3, 2], [10, 3, 3, 3], [5, 2, 2, 2], [14, 4])
"""With each colour a shape, and of lines a dash, so that grey is enough. There is not the same number of each: what has
the colour of another one has not its shape, too."""
INK, GRID = "#767676", "#8883"
"""Read on white and on black alike: 4.5:1 against both (WCAG 2.2, success criterion 1.4.3)."""
WIDE = 520
"""Pixels of a plot."""
TITLE, SUBTITLE = 72, 96
"""Characters in a line of a title."""
TICKS = 7
"""About as many lines of a grid."""
ROOM = {"left": 8, "top": 8, "right": 40, "bottom": 8}
"""Pixels around a chart: a browser's letters may be wider than those that it was measured in."""
LONGEST_NAME = 190
"""Pixels of a name at an axis; the whole of it is in the tooltip."""
LONGEST_SERIES, STROKE, STEP = 320, 2, 18
"""Pixels of a name in a legend, of the line of a mark, and from one layer to the next."""


def altair() -> Any:
    """Altair, if it is there; a SepcostError that says what to install, if not."""
    with needs("plot"):
        import altair as alt
        import vl_convert  # noqa: F401
    return alt


def data(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows inside of the chart, with names as harmless text: what draws it stops the program at control characters."""
    return altair().Data(values=[{name: _plain(value) for name, value in row.items()} for row in rows])


def _plain(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def by_series(rows: Rows, *, lines: bool = False) -> dict[str, Any]:
    """The colour of each series, and its shape, or the dash of its line; the standard is grey.

    >>> by_series([{"series": "standard"}, {"series": "separable"}])["color"].to_dict()["scale"]["range"]
    ['#767676', '#0072B2']
    """
    alt, names = altair(), [*dict.fromkeys(visible(row["series"]) for row in rows)]
    colours = cycle(COLOURS)
    looks: dict[str, Sequence[Any]] = {"color": [INK if name == STANDARD else next(colours) for name in names]}
    others: Sequence[Any] = DASHES if lines else SHAPES
    looks["strokeDash" if lines else "shape"] = list(islice(cycle(others), len(names)))
    symbols = {"symbolType": "stroke", "symbolSize": 300} if lines else {}
    legend = alt.Legend(symbolOpacity=1, symbolStrokeWidth=STROKE, labelLimit=LONGEST_SERIES, **symbols)
    channels = {"color": alt.Color, "shape": alt.Shape, "strokeDash": alt.StrokeDash}
    return {
        name: channels[name](
            "series:N", title=None, sort=names, scale=alt.Scale(domain=names, range=of_each),
            legend=legend if names[1:] else None,
        )
        for name, of_each in looks.items()
    }  # fmt: skip


def dots(rows: Rows, value: Any, *tips: Any) -> Any:
    """A line for each layer, from the least to the most of its series, with a mark for each of them.

    A place shows its value on a logarithmic axis, too; the length of a bar would not.
    """
    alt = altair()
    place = alt.Y("layer:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False))
    base = alt.Chart(data(rows)).encode(x=value, y=place)
    line = base.mark_line(color=INK, opacity=0.5).encode(detail="layer:N")
    marks = points(base).encode(tooltip=["layer:N", alt.Tooltip("series:N", title="as"), *tips])
    return (line + marks.encode(**by_series(rows))).properties(width=WIDE, height=alt.Step(STEP))


def points(base: Any, size: int = 70) -> Any:
    """Marks that are hollow, so that those behind others are seen."""
    return base.mark_point(filled=False, strokeWidth=STROKE, size=size, opacity=1)


def finished(chart: Any, title: str, *subtitles: str) -> Any:
    """The chart with its title, in colours that are read on light and dark pages."""
    alt = altair()
    lines = [part for line in subtitles for part in wrap(harmless(line), SUBTITLE)]
    chart = chart.properties(title=alt.TitleParams(wrap(harmless(title), TITLE), subtitle=lines, anchor="start"))
    colours = {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 12}
    axis: dict[str, Any] = {"labelLimit": LONGEST_NAME, "labelOverlap": "greedy", "tickCount": TICKS}
    return (
        chart.configure(background="transparent", font="Helvetica, Arial, sans-serif", padding=ROOM)
        .configure_axis(gridColor=GRID, domainColor=INK, tickColor=INK, **axis, **colours)
        .configure_legend(**colours)
        .configure_header(**colours)
        .configure_title(color=INK, subtitleColor=INK, fontSize=14, offset=12)
        .configure_view(stroke=None)
        .configure_text(color=INK)
        .configure_rule(color=INK)
    )
