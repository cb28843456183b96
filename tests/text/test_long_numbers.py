"""Integers with more digits than Python itself writes: one clear error, or every digit in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

import pytest

from sepcost import Conv, Network, SepcostError, compare, load
from sepcost.layers import Linear, Other

LONG = 10**5000
CONV = Conv((8, 8), 3, 8, 3)
M5 = "configs/m5.yaml"


@pytest.mark.parametrize(
    "use",
    [
        lambda: Network.of(Other("x", macs=LONG)),
        lambda: Network.of(Other("x", params=-LONG)),
        lambda: Network.of(Other("x", reads=10**1000)),
        lambda: Network.of(Linear(LONG, 3)),
        lambda: Conv((8, LONG), 3, 8, 3),
        lambda: Conv([LONG] * 4, 3, 8, 3),
        lambda: Conv((8, 8), 3, 8, (3, 3, LONG)),
        lambda: Conv((8, 8), 3, 8, 3, padding=-LONG),
        lambda: Conv((8, 8), 3, 8, 3, groups=LONG),
        lambda: Conv((8, 8), 3, 8, 3, bias=LONG),  # type: ignore[arg-type]
        lambda: Network.of({LONG}),  # type: ignore[arg-type]
        lambda: compare({LONG}),  # type: ignore[arg-type]
        lambda: compare({"independent": True, "layers": [{"type": "other", "macs": LONG}]}),
        lambda: compare(CONV, LONG),  # type: ignore[arg-type]
        lambda: compare(CONV, batch=LONG),
        lambda: compare(CONV, batch=10**20),
        lambda: compare(CONV, flops_per_mac=LONG),
        lambda: compare(CONV, dtype=LONG),  # type: ignore[arg-type]
        lambda: compare(CONV, replace_if=LONG),  # type: ignore[arg-type]
        lambda: load(M5, alpha=LONG),
        lambda: load(M5, rho=Fraction(LONG, 3)),
        lambda: load(M5, resolution=LONG),
        lambda: load(M5, resolution=(LONG, LONG)),
    ],
)
def test_what_is_too_long_to_write_is_one_clear_error(use: Callable[[], object]) -> None:
    with pytest.raises(SepcostError) as caught:
        use()
    assert len(str(caught.value)) < 250
    assert "set_int_max_str_digits" not in str(caught.value)


def test_the_longest_figures_are_exact_in_every_format() -> None:
    longest = 10**1000 - 1
    layer = Other("bmm", params=longest, macs=longest, reads=longest, writes=longest)
    result = compare(Network.of(layer), batch=10**20 - 1, dtype="float32", flops_per_mac=2)
    figures = json.loads(result.to_json())["networks"][0]["total"]["standard"]
    assert (figures["macs"], figures["flops"]) == (longest, 2 * longest)
    assert figures["traffic_bytes"] == 4 * (2 * longest * (10**20 - 1) + longest)
    assert f"{longest:,}" in str(result)
    assert f"{longest:,}" in result._repr_html_()
