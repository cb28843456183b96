"""The chart of what was fitted: how much of each trained kernel is kept."""

from __future__ import annotations

from typing import Any

from sepcost.charts.marks import INK, WIDE, altair, by_series, data, finished
from sepcost.measured.fits import LAYER, Fits


def energy_chart(fits: Fits) -> Any:
    """The share of each kernel's squared norm that a replacement keeps, by layer."""
    alt = altair()
    rows = [
        {"layer": row.layer, "series": row.replacement, "energy": row.fit.energy}
        for row in fits.rows
        if row.about == LAYER and row.fit is not None
    ]
    colour, shape = by_series([str(row["series"]) for row in rows])
    order = list(dict.fromkeys(row["layer"] for row in rows))
    x = alt.X("energy:Q", title="energy kept", axis=alt.Axis(format="~%"), scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(data(rows)).encode(x=x, y=alt.Y("layer:N", sort=order, title=None))
    line = base.mark_line(color=INK, opacity=0.5).encode(detail="layer:N")
    tips = ["layer:N", "series:N", alt.Tooltip("energy:Q", format=".2~%")]
    points = base.mark_point(filled=True, size=70, opacity=1).encode(color=colour, shape=shape, tooltip=tips)
    chart = (line + points).properties(width=WIDE, height=alt.Step(18))
    return finished(chart, f"{fits.weights}: what is kept of each kernel", "Energy: the share of its squared norm")
