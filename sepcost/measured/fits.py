"""What was fitted: how much of each trained kernel its replacements keep, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

LAYER, TOTAL = "layer", "total"
"""What a row is about: a layer, or all of a network."""
PLAN = "plan"
"""What is replaced as it was chosen, not all by the same."""


class Fit(NamedTuple):
    """How well a replacement represents a trained kernel.

    ``energy`` is the share of the kernel's squared norm that it can represent. ``output_error`` is the share of the
    variance of the layer's output that it misses, on the data; None without data. ``is_exact`` says that no other
    weights of this replacement have more energy; otherwise it was found step by step, and is what was found.
    """

    energy: float
    output_error: float | None = None
    is_exact: bool = True


class Alone(NamedTuple):
    """A layer under a replacement: how well it fits, and what of the network's output is lost; or why it is kept."""

    layer: str
    replacement: str
    fit: Fit | None
    loss: float | None = None
    kept: str | None = None


class Counts(NamedTuple):
    """What a layer or a network costs: MACs and seconds are None where they are not known."""

    params: int
    macs: int | None = None
    seconds: float | None = None


class Fitted(NamedTuple):
    """One row: a layer, or the total, under one replacement.

    ``kernel`` is its weights' shape, O, C / groups and the kernel size. ``kept`` is why the layer stays as it is; it
    then has no ``fit``, and ``after`` is ``before``. ``loss`` is the share of the variance of the network's output that
    is lost if this layer alone is replaced (of the total: all that the row names), None where it was not measured.
    ``most_multiplier`` is the largest multiplier with fewer MACs (or params, without a map) than the standard; 0 where
    there is none, None where the replacement has no multiplier. ``chosen`` is whether the plan has it so.
    """

    network: str
    about: str
    layer: str
    replacement: str
    before: Counts
    after: Counts
    kernel: tuple[int, ...] = ()
    fit: Fit | None = None
    kept: str | None = None
    loss: float | None = None
    most_multiplier: int | None = None
    chosen: bool = False


class Chosen(NamedTuple):
    """A plan that was chosen under a limit, and what it was expected to lose and does lose.

    ``limit`` is as it was typed (``--max-macs 600M``). It has ``replaced`` some of the ``layers`` that could be; counts
    are of the whole network. ``summed`` is the loss of its layers one by one, added;
    ``measured`` is that of the whole, after all weights were fitted (and distilled); both are shares of the variance
    of the network's output on the data; without data ``summed`` is the share of the kernels' squared norms that is
    lost, and ``measured`` is None. ``gap`` is the share of ``summed`` (under a least energy: of the MACs, or else the
    parameters) that another plan might save; 0 unless there were too many to try.
    """

    limit: str
    plan: Mapping[str, str]
    replaced: int
    layers: int
    before: Counts
    after: Counts
    energy: float
    summed: float
    measured: float | None = None
    gap: float = 0.0


class Scores(NamedTuple):
    """What the user's own function says of the original and of what was fitted; ``name`` is how it was typed.

    ``fitted`` is by replacement; that of the plan is under ``PLAN``. ``about`` is the first line of the function's
    docstring: it may name what the function scores on.
    """

    name: str
    original: float
    fitted: Mapping[str, float]
    about: str | None = None


class Fits(NamedTuple):
    """All rows. ``data`` names the data and its size; None without data. ``notes`` are for people, a sentence each."""

    weights: str
    """Where the kernels are from: a file, or the model itself."""
    rows: Sequence[Fitted]
    data: str | None = None
    chosen: Chosen | None = None
    scores: Scores | None = None
    target: str | None = None
    """What seconds are predicted for."""
    written: Mapping[str, str] = MappingProxyType({})
    """What was saved (plan, weights, model), and where."""
    notes: Sequence[str] = ()

    @property
    def totals(self) -> list[Fitted]:
        """The rows of networks."""
        return [row for row in self.rows if row.about == TOTAL]
