"""What all charts share: colours, axes, titles, and files by their endings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeAlias

from sepcost.errors import needs
from sepcost.text.harmless import harmless

if TYPE_CHECKING:
    import altair as alt

Rows: TypeAlias = Sequence[Mapping[str, Any]]
"""The data of a chart: what its points are, under the names of its fields."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F", "#B8A800")
"""Okabe and Ito's, which people who do not see red and green tell apart (jfly.uni-koeln.de/color), without black."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
"""With each colour, so that grey is enough."""
INK, GRID = "#767676", "#8883"
"""Read on white and on black alike: 4.5:1 against both (WCAG 2.2, success criterion 1.4.3)."""
WIDE, DECADES = 520, 100
"""Pixels of a plot; values that span more than so many times need a logarithmic scale."""
TITLE, SUBTITLE = 72, 96
"""Characters in a line of a title."""
TICKS = 7
"""About as many lines of a grid."""
ROOM = {"left": 8, "top": 8, "right": 40, "bottom": 8}
"""Pixels around a chart: a browser's letters may be wider than those that it was measured in."""
LONGEST_NAME = 190
"""Pixels of a name at an axis; the whole of it is in the tooltip."""
ENDINGS = (".svg", ".png", ".pdf", ".html")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>sepcost</title></head>
<body><div id="chart"></div><script>{}</script><script>{}</script></body>
</html>
"""


def altair() -> Any:
    """Altair, if it is there; a SepcostError that says what to install, if not."""
    with needs("plot"):
        import altair as alt
        import vl_convert  # noqa: F401
    return alt


def written(chart: alt.TopLevelMixin, ending: str) -> bytes:
    """The chart as a file with this ending; HTML with all that it needs inside."""
    if ending == ".html":
        return _page(chart).encode()
    file: Any = StringIO() if ending == ".svg" else BytesIO()
    options: Any = {"scale_factor": 2} if ending == ".png" else {}
    kind: Any = ending.removeprefix(".")
    chart.save(file, format=kind, **options)
    content = file.getvalue()
    return content.encode() if isinstance(content, str) else content


def _page(chart: alt.TopLevelMixin) -> str:
    """A page with the chart and what draws it. Names in its data cannot end the script that they are in."""
    import vl_convert

    spec = chart.to_json(indent=None).replace("<", r"\u003c")
    scripts = (vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed"), f'vegaEmbed("#chart", {spec})')
    return PAGE.format(*(script.replace("</script", r"<\/script") for script in scripts))


def data(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows inside of the chart."""
    return altair().Data(values=list(rows))


def scale(values: Iterable[float | None]) -> Any:
    """A linear scale, or a logarithmic one where the values span more than two decades."""
    known = [value for value in values if value]
    is_wide = bool(known) and min(known) > 0 and max(known) > DECADES * min(known)
    return altair().Scale(type="log", nice=False, padding=10) if is_wide else altair().Scale()


def by_series(names: Sequence[str], title: str | None = None) -> tuple[Any, Any]:
    """The colour and the shape of each series, in the order of their names."""
    alt = altair()
    names = [*dict.fromkeys(names)]
    many = -(-len(names) // len(COLOURS))
    colours, shapes = ((each * many)[: len(names)] for each in (COLOURS, SHAPES))
    legend = None if len(names) < 2 else alt.Legend(symbolOpacity=1, labelLimit=LONGEST_NAME)
    return (
        alt.Color("series:N", title=title, sort=names, scale=alt.Scale(domain=names, range=colours), legend=legend),
        alt.Shape("series:N", title=title, sort=names, scale=alt.Scale(domain=names, range=shapes), legend=legend),
    )


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
