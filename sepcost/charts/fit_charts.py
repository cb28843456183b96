"""The chart of what was fitted: how much of each trained kernel is kept."""

from __future__ import annotations

from typing import Any

from sepcost.charts.marks import altair, dots, finished
from sepcost.measured.fits import LAYER, Fits


def energy_chart(fits: Fits) -> Any:
    """The share of each kernel's squared norm that a replacement keeps, by layer."""
    alt = altair()
    rows = [
        {"layer": row.layer, "series": row.replacement, "energy": row.fit.energy}
        for row in fits.rows
        if row.about == LAYER and row.fit is not None
    ]
    x = alt.X("energy:Q", title="energy kept", axis=alt.Axis(format="~%"), scale=alt.Scale(domain=[0, 1]))
    chart = dots(rows, x, alt.Tooltip("energy:Q", format=".2~%"))
    return finished(chart, f"{fits.weights}: what is kept of each kernel", "Energy: the share of its squared norm")
