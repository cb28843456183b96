"""Whatever options come together: a result, or one clear line, and never an internal error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sepcost.cli.app import run
from sepcost.formats.registry import format_names
from sepcost.sheets.columns import column_names
from sepcost.sheets.view import Rows, View

NAMES = sorted({*column_names(View()), *column_names(View(Rows.TOTALS)), "K", "H", "options.multiplier", "name"})
BLOCKS = [
    "separable", "separable:multiplier=1,2", "blueprint", "blueprint_subspace:ratio=0.25,0.5", "grouped:groups=2,4",
    "bottleneck:ratio=2:8:2", "inverted", "spatial",
]  # fmt: skip


def some(option: str, *values: str) -> st.SearchStrategy[list[str]]:
    """The option with one of these values, or nothing."""
    return st.sampled_from([[], *([option, value] for value in values)])


def put_together(lists: list[list[str]]) -> list[str]:
    return [argument for list_ in lists for argument in list_]


CONVOLUTIONS = st.tuples(
    st.sampled_from([["-C", "4"], ["-C", "2:12:2"]]),
    st.sampled_from([["-K", "3"], ["-K", "1,3"], ["-K", "3x5,3"], ["-K", "3,3x3x3"]]),
    st.sampled_from([["-O", "4"], ["-O", "1,64"]]),
    some("-H", "8", "7,14", "1:3:1"),
    some("-W", "8", "7,14"),
    some("--groups", "2", "1,2,4"),
    some("--padding", "same", "0", "same,1", "1x2,0"),
    some("--stride", "2", "1x2,2"),
    some("--norm", "batch"),
    st.sampled_from([[], ["--transposed"], ["--explain"]]),
).map(list)
MANY_AT_ONCE = st.tuples(
    st.just(["-C", "1:600:1", "-O", "64"]),
    st.sampled_from([["-K", "3"], ["-K", "1,3"], ["-K", "3,3x3x3"]]),
    some("-H", "8", "7,14"),
    some("--groups", "2"),
    some("--padding", "same,1"),
    some("--stride", "2"),
    some("--norm", "batch"),
    st.sampled_from([[], ["--transposed"]]),
).map(list)
NETWORKS = st.tuples(
    st.lists(st.sampled_from(["m5", "unet", "c3d", "mobilenet_v1"]), min_size=1, max_size=2, unique=True).map(
        lambda names: [f"configs/{name}.yaml" for name in names]
    ),
    some("--resolution", "64", "96,128", "8000"),
).map(list)
OPTIONS = st.tuples(
    st.lists(st.sampled_from(BLOCKS), max_size=3).map(lambda texts: put_together([["-r", text] for text in texts])),
    some("--alpha", "0.5", "0.25,1", "0.5:1:0.25"),
    some("--batch", "2", "1,8"),
    st.sampled_from([[], ["--rows", "totals"], ["--rows", "layers"]]),
    st.lists(st.sampled_from(NAMES), max_size=3).map(lambda names: ["--columns", ",".join(names)] if names else []),
    some("--sort", *NAMES, *(f"-{name}" for name in NAMES)),
    some("--top", "1", "3", "100"),
    st.sampled_from([["--format", name] for name in (*format_names(), "table:precision=3", 'latex:units="M,MiB"')]),
).map(list)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.one_of(CONVOLUTIONS, MANY_AT_ONCE, NETWORKS), options=OPTIONS)
def test_no_options_end_in_an_internal_error(
    capsys: pytest.CaptureFixture[str], subject: list[list[str]], options: list[list[str]]
) -> None:
    code = run(["compare", *put_together([*subject, *options])])
    out, err = capsys.readouterr()
    assert code in (0, 2)
    assert "internal error" not in err
    assert bool(err) == (code == 2)
    assert out or code == 2
