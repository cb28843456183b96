"""Bench: the layers of networks, their replacements and the parts of these are run, and timed in alternation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import reduce
from math import inf
from operator import add
from typing import Any, NamedTuple

from sepcost.blocks.replacements import ReplaceIf
from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison
from sepcost.count.sweep import combination_text
from sepcost.count.total import Total
from sepcost.errors import ConfigError, SepcostError, needs
from sepcost.guests.apart import apart
from sepcost.layers import Conv, Layer, Linear
from sepcost.layers.cost import Convention
from sepcost.measured.benchmark import LAYER, WHOLE, Benchmark, Measured, Timed, totals
from sepcost.measured.samples import Samples
from sepcost.sheets.titles import conv_title
from sepcost.sources.model_options import ProgramOptions
from sepcost.sources.models import LoadedModel
from sepcost.sources.registry import options_in_python
from sepcost.sources.source import AnySource, Item, several_in_python
from sepcost.targets.profile import Profile
from sepcost.tasks.events import Events
from sepcost.tasks.figures import AnyTarget, asked_target
from sepcost.tasks.job import Job
from sepcost.tasks.python_words import in_python_words
from sepcost.tasks.replacement_texts import AnyReplacement, replacements_in_python
from sepcost.tasks.result import BenchmarkResult
from sepcost.text.model_text import HOLDS_WEIGHTS
from sepcost.text.wording import did_you_mean
from sepcost.timing.clock import MIN_TIME, Contender, alternating
from sepcost.timing.runtime import Runtime, bare

ONLY_FIGURES = "only its figures are known, from earlier: give its config or its model"
RUNTIMES = ("torch", "onnxruntime")
MOST_THREADS = 1024


class Run(NamedTuple):
    """What is timed: layers that follow each other, on ``times`` inputs for each sample."""

    layers: tuple[Layer, ...]
    times: int = 1


Place = tuple[str | None, str | None]
"""A replacement, and a part of it; None for the standard, and for the whole replacement."""
STANDARD: Place = (None, None)


@in_python_words()
def bench(
    source: AnySource | Sequence[AnySource],
    replacements: AnyReplacement | Sequence[AnyReplacement] | None = None,
    *,
    inputs: Any = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
    runtime: str = "torch",
    device: str = "cpu",
    threads: int = 1,
    batch: int = 1,
    dtype: str = "float32",
    memory_format: str = "contiguous",
    backward: bool = False,
    whole: bool = False,
    min_time: float = MIN_TIME,
    target: AnyTarget = None,
    replace_if: str = "always",
    run_models: bool = False,
) -> BenchmarkResult:
    """How long convolutions and linear layers take on this machine, and how long their replacements would.

    >>> from sepcost import Conv
    >>> result = bench(Conv((14, 14), 8, 16, 3), min_time=0.001)
    >>> [(row.replacement, row.part) for row in result.rows if row.about == "layer"]
    [(None, None), ('separable', None), ('separable', 'depthwise'), ('separable', 'pointwise')]

    Sources, replacements and inputs are as ``compare`` takes them. Times are in seconds, ``min_time`` is how long each
    thing is timed for. A ``target`` also predicts them. Raises SepcostError for whatever is wrong, MissingTorchError
    where there is no torch.
    """
    settings = {"device": device, "threads": threads, "batch": batch, "dtype": dtype}
    running = runtime_named(runtime, **settings, memory_format=memory_format, backward=backward)
    sources = several_in_python(source)
    condition = ReplaceIf.read(replace_if)
    profile = asked_target(target, condition)
    file = ProgramOptions.of(dims, values, graph_limit)
    job = Job(
        replacements_in_python(replacements),
        Convention(batch=batch, dtype=dtype),
        models=options_in_python(inputs, "cpu", run_models, *sources, file=file),
        replace_if=condition,
        target=profile if condition is ReplaceIf.FASTER else None,
        events=Raising(),
    )
    result = Bench(job, running, min_time, whole, profile).run(of_sources(job, sources))
    return BenchmarkResult(*result)


class Raising(Events):
    """A listener that raises what is wrong."""

    def fail(self, error: SepcostError, combination: str = "") -> None:
        raise error


def runtime_named(name: str, **settings: Any) -> Runtime:
    """The runtime of that name; raises SepcostError, and MissingTorchError, with what to install."""
    threads = settings.get("threads", 1)
    if not 1 <= threads <= MOST_THREADS:
        raise SepcostError(f"--threads: must be from 1 to {MOST_THREADS:,}, got {threads:,}")
    if name == "torch":
        import sepcost.pytorch  # noqa: F401 (it says what to install)
        from sepcost.timing.torch_runtime import TorchRuntime

        return TorchRuntime(**settings)
    if name != "onnxruntime":
        raise SepcostError(f"runtime must be {' or '.join(RUNTIMES)}, got {name!r}{did_you_mean(name, RUNTIMES)}")
    with needs("onnxruntime"):
        from sepcost.timing.onnx_runtime import OnnxRuntime
    return OnnxRuntime(**settings)


def of_sources(job: Job, sources: Iterable[AnySource]) -> Iterator[tuple[Comparison, Item]]:
    """The networks of the sources, each in every combination of the sweep; what is wrong is an event."""
    for item in job.items(list(sources)):
        if item.earlier is not None:
            job.fail(ConfigError.of(item.file, f"{item.name}: {ONLY_FIGURES}"))
        elif item.network.only_params:
            job.fail(ConfigError.of(item.source or item.name, HOLDS_WEIGHTS))
        else:
            yield from ((comparison, item) for comparison in job.comparisons(item))
    if job.good and any(job.unmatched):
        job.fail(SepcostError(job.unmatched.complaint(job.known)))


@dataclass
class Bench:
    """Times what the job compares, each distinct layer once; ``min_time`` is for each thing that is timed."""

    job: Job
    runtime: Runtime
    min_time: float = MIN_TIME
    whole: bool = False
    target: Profile | None = None
    samples: dict[Run, dict[Run, Samples]] = field(default_factory=dict)
    """By the standard, then by what alternated with it."""
    models: list[Measured] = field(default_factory=list)
    """The rows of whole models."""
    done: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.min_time < inf:
            raise SepcostError(f"--min-time: must be a positive number, got {self.min_time:g}")

    def run(self, compared: Iterable[tuple[Comparison, Item | None]]) -> Benchmark:
        """Time everything; what there is so far, if it is interrupted."""
        setup = self.runtime.setup
        if self.target and (differing := setup.differences(self.target.setup)):
            raise SepcostError(f"--target {self.target.name} is for another setup ({'; '.join(differing)})")
        plans = list(compared)
        contests: dict[Run, dict[Run, str]] = {}
        for comparison, _ in plans:
            for layer in comparison.layers:
                if runs := alternatives(layer):
                    contests.setdefault(runs[STANDARD], {}).update(dict.fromkeys(runs.values(), layer.name))
        many = len(contests) + len(plans) * self.whole
        self.job.events.expect(many)
        try:
            for standard, others in contests.items():
                self._contest(standard, others)
                self._advance()
            for comparison, item in plans if self.whole else ():
                self._whole(comparison, item)
                self._advance()
        except KeyboardInterrupt:
            self.job.events.complain(f"interrupted: {many - self.done:,} of {many:,} layers and models are missing")
        rows = [row for comparison, _ in plans for row in self._rows(comparison)]
        benchmark = Benchmark(setup, (*rows, *self.models), many - self.done)
        if self.target is None:
            return benchmark
        from sepcost.measured.agreement import with_forecasts  # needs NumPy

        return with_forecasts(benchmark, self.target)

    def _contest(self, standard: Run, others: Mapping[Run, str]) -> None:
        """A layer, its replacements and their parts, in alternation."""
        runs = list(others)
        try:
            contenders = [self.runtime.contender(*run) for run in runs]
        except SepcostError as error:
            self.job.fail(SepcostError(f"{others[standard]}: {error}"))
        else:
            self.samples[standard] = dict(zip(runs, self._timed(contenders)))

    def _advance(self) -> None:
        self.done += 1
        self.job.events.advance(1)

    def _timed(self, contenders: Sequence[Contender]) -> list[Samples]:
        return alternating(contenders, self.runtime.seconds, min_time=self.min_time)

    def _rows(self, comparison: Comparison) -> Iterator[Measured]:
        """Each distinct layer, and the sums if no layer is missing."""
        name, convention = network_name(comparison), comparison.convention
        distinct: dict[tuple[Any, ...], list[LayerComparison]] = {}
        for layer in comparison.layers:
            if runs := alternatives(layer):
                distinct.setdefault((*runs.items(), layer.kept), []).append(layer)
        rows: list[Measured] = []
        for alike in distinct.values():
            rows += self._rows_of_layer(name, alike, convention)
        yield from rows
        if rows and len({row.layer for row in rows}) == len(distinct) and len(comparison.layers) > 1:
            yield from totals(name, rows)

    def _rows_of_layer(
        self, network: str, alike: Sequence[LayerComparison], convention: Convention
    ) -> Iterator[Measured]:
        layer, runs = alike[0], alternatives(alike[0])
        samples = self.samples.get(runs[STANDARD])
        if samples is None:
            return
        backward = self.runtime.setup.backward
        timed = {place: timed_as(run, samples[run], convention, backward) for place, run in runs.items()}
        occurs = sum(each.node.times if isinstance(each.layer, Conv) else 1 for each in alike)
        for (text, part), run in runs.items():
            standard = timed[STANDARD] if text and not part else None
            kept = layer.variants[text].kept if text else None
            yield Measured(
                network, LAYER, layer.name, timed[text, part], occurs, text, part, standard, kept, run.layers
            )

    def _whole(self, comparison: Comparison, item: Item | None) -> None:
        """The whole model, as it is and replaced; what its own code raises is an event."""
        name, convention = network_name(comparison), comparison.convention
        try:
            samples = self._timed_whole(comparison, item)
        except SepcostError as error:
            self.job.fail(error, name)
            return
        sums: dict[str | None, Total] = {None: comparison.standard}
        sums |= comparison.totals.items()
        setup = self.runtime.setup
        timed = {
            text: Timed(cost.macs, cost.traffic_bytes(convention), each, setup.batch, setup.backward)
            for text, each in samples.items()
            for cost in [sums[text].cost]
        }
        self.models += [
            Measured(name, WHOLE, WHOLE, each, replacement=text, standard=timed[None] if text else None)
            for text, each in timed.items()
        ]

    def _timed_whole(self, comparison: Comparison, item: Item | None) -> dict[str | None, Samples]:
        from sepcost.pytorch.models.loading import importable
        from sepcost.pytorch.models.own_code import RAISED, error_line
        from sepcost.timing.torch_runtime import TorchRuntime
        from sepcost.timing.whole import chain_contenders, model_contenders

        if not isinstance(self.runtime, TorchRuntime):
            raise SepcostError("--whole runs models in torch: leave out --runtime")
        if not isinstance(item, LoadedModel):
            contenders = chain_contenders(self.runtime, comparison)
            return dict(zip(contenders, self._timed(list(contenders.values()))))
        try:
            with importable(item.named) if item.named else nullcontext(), apart():
                contenders = model_contenders(self.runtime, item.model, item.inputs, comparison)
                return dict(zip(contenders, self._timed(list(contenders.values()))))
        except SepcostError:
            raise
        except RAISED as error:
            raise SepcostError(f"--whole: {error_line(error)}") from None


def network_name(comparison: Comparison) -> str:
    """Its name, or what the convolution is, and its place in a sweep."""
    layer = comparison.layers[0].layer
    if comparison.network.independent and len(comparison.layers) == 1 and isinstance(layer, Conv):
        return conv_title(layer)
    return ", ".join(filter(None, (comparison.name, combination_text(comparison.swept))))


def alternatives(layer: LayerComparison) -> dict[Place, Run]:
    """What is timed of a layer: itself, each replacement as one sequence, and its parts; nothing of other layers.

    A linear layer that runs on many positions runs on all at once. A layer that is kept is its own replacement.
    """
    if not isinstance(layer.layer, (Conv, Linear)):
        return {}
    times = layer.node.times if isinstance(layer.layer, Linear) else 1
    runs = {STANDARD: Run((bare(layer.layer),), times)}
    for text, variant in layer.variants.items():
        parts = {part.name: bare(part.layer) for part in variant.parts}
        runs[text, None] = Run(tuple(parts.values())) if parts else runs[STANDARD]
        runs |= {(text, name): Run((part,)) for name, part in parts.items()}
    return runs


def timed_as(run: Run, samples: Samples, convention: Convention, backward: bool) -> Timed:
    """A run with its counts, which are the sums of its layers'."""
    cost = reduce(add, (layer.cost.repeated(run.times) for layer in run.layers))
    return Timed(cost.macs, cost.traffic_bytes(convention), samples, convention.batch, backward)
