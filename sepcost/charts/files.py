"""Charts as files, by their endings: vl-convert draws them, without a browser."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

ENDINGS = (".svg", ".png", ".pdf", ".html")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>sepcost</title></head>
<body><div id="chart"></div><script>{}</script><script>{}</script></body>
</html>
"""


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
    """A page with the chart and what draws it, which leads nowhere else.

    Names in its data cannot end the script that they are in.
    """
    import vl_convert

    spec = chart.to_json(indent=None).replace("<", r"\u003c")
    call = f'vegaEmbed("#chart", {spec}, {{actions: {{editor: false}}}})'
    scripts = (vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed"), call)
    return PAGE.format(*(script.replace("</script", r"<\/script") for script in scripts))
