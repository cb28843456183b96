"""Splits are views: a map is copied only where a layer reads some of it twice."""

from __future__ import annotations

from typing import Any

import pytest

from sepcost import compare

INPUT, WHOLE, OUT = 8 * 64, 32 * 64, 8 * 64
"""Elements of the input, of the map that is split, and of what comes out."""


@pytest.mark.parametrize(
    ("sources", "copied"),
    [
        (["left", "right"], 0),
        (["left", "left"], WHOLE // 2),
        (["left", "middle"], WHOLE // 4),
        (["left", "a"], WHOLE // 2),
        (["a", "a"], WHOLE),
        (["quarter", "right"], 0),
        (["quarter", "left"], WHOLE // 4),
    ],
)
def test_only_what_is_read_twice_is_copied(sources: list[str], copied: int) -> None:
    layers: list[dict[str, Any]] = [
        {"name": "a", "K": 1, "O": 32},
        {"name": "left", "type": "split", "O": 16},
        {"name": "right", "type": "split", "O": 16, "start": 16, "from": "a"},
        {"name": "middle", "type": "split", "O": 16, "start": 8, "from": "a"},
        {"name": "quarter", "type": "split", "O": 8, "start": 8, "from": "left"},
        {"name": "b", "K": 1, "O": 8, "from": sources},
    ]
    peak = compare({"input": {"C": 8, "H": 8}, "layers": layers}, []).standard.peak
    assert peak is not None
    assert peak.total == WHOLE + copied + OUT
