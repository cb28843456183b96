"""Sweep: every combination of the values that numbers take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sepcost.blocks.replacements import ReplaceIf
from sepcost.count.snapshot import Snapshot
from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import SepcostError, refuse
from sepcost.layers.conv import Norm
from sepcost.layers.cost import Convention
from sepcost.network.scaling import as_factor
from sepcost.sources.registry import options_in_python
from sepcost.sources.source import AnyDtype, AnySource, several_in_python
from sepcost.tasks.convolution import NEEDED, READERS, Convolution, ties
from sepcost.tasks.convolution_sweep import ConvolutionSweep
from sepcost.tasks.events import Events
from sepcost.tasks.figures import AnyTarget, asked_target
from sepcost.tasks.job import Job
from sepcost.tasks.python_words import in_python_words, reworded
from sepcost.tasks.replacement_texts import AnyReplacement, replacements_in_python
from sepcost.tasks.result import SnapshotResult
from sepcost.text.units import as_text, list_items, read_as
from sepcost.text.wording import did_you_mean, listed


@in_python_words()
def sweep(
    source: AnySource | Sequence[AnySource] | None = None,
    *,
    alpha: Any = 1,
    rho: Any = 1,
    resolution: Any = None,
    batch: Any = 1,
    replacements: AnyReplacement | Sequence[AnyReplacement] | None = None,
    replace_if: str = "always",
    inputs: Any = None,
    device: str = "meta",
    run_models: bool = False,
    fold_norms: bool = False,
    flops_per_mac: int = 1,
    dtype: AnyDtype = None,
    bias: bool = False,
    norm: Norm = "none",
    transposed: bool = False,
    target: AnyTarget = None,
    **numbers: Any,
) -> Iterator[Snapshot | SepcostError]:
    """One convolution, or the networks of sources, in every combination: a snapshot for each, as it comes.

    >>> for each in sweep(H=56, C=64, K=[3, 5], O="128:256:128"):
    ...     print(each.swept, f'{each.reduction("separable")["macs"]:.2f}')
    {'K': 3, 'O': 128} 8.41
    {'K': 3, 'O': 256} 8.69
    {'K': 5, 'O': 128} 20.92
    {'K': 5, 'O': 256} 22.78
    >>> [each.total["params"] for each in sweep("configs/vgg16.yaml", alpha=["0.5", 1], replacements=[])]
    [35617672, 138357544]

    A value is one (``3``, or ``(3, 5)`` for two axes), a list of several, or a text as on the command line: ``"3x5"``,
    ``"16:512:16"``. The numbers of a convolution are H, W, size, C, K, O, stride, padding, output_padding, dilation and
    groups; without H or size it is counted per position. The rest is as ``compare`` takes it. A combination that is
    not possible is a SepcostError among the snapshots. Raises SepcostError for a wrong value.
    """
    axes = [
        *_axis("alpha", alpha, lambda text: as_factor("alpha", text)),
        *_axis("rho", rho, lambda text: as_factor("rho", text)),
        *_axis("resolution", resolution, READERS["size"]),
        *_axis("batch", batch, READERS["H"]),
    ]
    problems = _Problems()
    sources = [] if source is None else several_in_python(source)
    condition = ReplaceIf.read(replace_if)
    job = Job(
        replacements_in_python(replacements),
        Convention.asked(flops_per_mac, 1, dtype),
        Sweep(tuple(axes)),
        models=options_in_python(inputs, device, run_models, *sources, fold_norms=fold_norms),
        replace_if=condition,
        target=asked_target(target, condition),
        events=problems,
    )
    numbers = {name: value for name, value in numbers.items() if value is not None}
    if source is None:
        refuse((job.globs.plan, "a plan names layers, and one convolution has none: give replacements"))
        convolution = Convolution("H" in numbers or "size" in numbers, bias, norm, transposed)
        combinations = convolution_sweep(numbers).with_axes(*axes)
        return problems.among(ConvolutionSweep(convolution.network, combinations, job).snapshots())
    if numbers:
        raise SepcostError(f"{listed(list(numbers))}: numbers of one convolution contradict a source")
    return problems.among(job.networks(sources))


class _Problems(Events):
    """A listener that keeps problems until they are taken."""

    def __init__(self) -> None:
        self._errors: list[SepcostError] = []

    def fail(self, error: SepcostError, combination: str = "") -> None:
        self._errors.append(reworded(error))

    def complain(self, error: str) -> None:
        self.fail(SepcostError(error))

    def among(self, snapshots: Iterable[Snapshot]) -> Iterator[Snapshot | SepcostError]:
        """The snapshots, and each problem in its place among them."""
        for snapshot in snapshots:
            yield from self._drained()
            yield SnapshotResult.over(snapshot)
        yield from self._drained()

    def _drained(self) -> Iterator[SepcostError]:
        while self._errors:
            yield self._errors.pop(0)


def convolution_sweep(numbers: Mapping[str, Any]) -> Sweep:
    """The combinations of a convolution's numbers, each one value, several, or a text; raises SepcostError.

    >>> convolution_sweep({"C": "8,16", "K": 3, "O": "C"}).size
    2
    """
    for name in numbers:
        if name not in READERS:
            raise SepcostError(f"no number of a convolution is called {name!r}{did_you_mean(name, READERS)}")
    if missing := [name for name in NEEDED if name not in numbers]:
        raise SepcostError(
            f"missing {listed(missing)}: give a source, or one convolution's C, K and O (and H for a map)"
        )
    tied = ties({name: value if isinstance(value, str) else "" for name, value in numbers.items()})
    axes = (_axis(name, numbers[name], read) for name, read in READERS.items() if name in numbers and name not in tied)
    return Sweep(tuple(chain.from_iterable(axes)), tied)


def _axis(name: str, given: Any, read: Any) -> Iterator[Axis]:
    """The values of a number; no axis for the usual value."""
    if given is None or (name in ("alpha", "rho", "batch") and type(given) is int and given == 1):
        return
    several = read_as(name, list_items, given) if isinstance(given, str) else [given]
    if isinstance(given, Iterable) and not isinstance(given, (str, tuple)):
        several = list(given)
    if not several:
        raise SepcostError(f"{name}: must have at least one value, got {as_text(given, repr)}")
    yield Axis(name, [read_as(name, read, each) if isinstance(each, str) else each for each in several])
