"""The charts of a result, for the page: as Vega-Lite, and as pictures for readers without scripts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sepcost.errors import SepcostError, needs
from sepcost.formats.format import FormatOptions, ResultName


class Picture(NamedTuple):
    """A chart: its title and what is below that, its specification without it, and its picture as a ``data:`` URI."""

    lines: Sequence[str]
    specification: dict[str, Any]
    uri: str


class Pictures(NamedTuple):
    """All charts of a page, the code that draws them, and a sentence where there cannot be any."""

    pictures: Sequence[Picture] = ()
    code: str = ""
    missing: str = ""


def pictures_of(result: ResultName, found: Sequence[Any], options: FormatOptions) -> Pictures:
    """The charts of a result; none, and what to install, where the extra ``plot`` is not there."""
    from sepcost.charts.charts import charts

    try:
        with needs("plot"):
            import vl_convert
        drawn = charts(result, found, options.view)
    except SepcostError as error:
        return Pictures(missing=f"The page has no charts: {error}.")
    pictures = []
    for each in drawn:
        specification: dict[str, Any] = each.chart.to_dict()
        lines = _lines(specification.pop("title", each.kind))
        svg = vl_convert.vegalite_to_svg(specification)
        uri = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
        pictures.append(Picture(lines, specification, uri))
    return Pictures(pictures, _code() if pictures else "")


@cache
def _code() -> str:
    """Vega, Vega-Lite and Vega-Embed, which draw the charts in the page."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _lines(title: Any) -> list[str]:
    """A title in a line, and the lines of its subtitle.

    >>> _lines({"text": ["net,", "halved"], "subtitle": ["FLOPs = MACs", "float32"]})
    ['net, halved', 'FLOPs = MACs', 'float32']
    """
    text, below = (title.get("text", ""), title.get("subtitle", [])) if isinstance(title, dict) else (title, [])
    return [text if isinstance(text, str) else " ".join(text), *([below] if isinstance(below, str) else below)]
