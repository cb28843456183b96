"""Sweep: every combination of the values that numbers take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sepcost.blocks.replacements import ReplaceIf
from sepcost.count.sweep import Sweep
from sepcost.errors import refuse
from sepcost.layers.conv import Norm
from sepcost.layers.cost import Convention
from sepcost.network.scaling import as_factor
from sepcost.sources.model_options import ProgramOptions
from sepcost.sources.registry import options_in_python
from sepcost.sources.source import AnyDtype, AnySource, several_in_python
from sepcost.tasks.convolution import READERS
from sepcost.tasks.convolution_sweep import ConvolutionSweep
from sepcost.tasks.figures import AnyTarget, asked_target
from sepcost.tasks.given_convolution import axis, one_convolution
from sepcost.tasks.job import Job
from sepcost.tasks.python_words import in_python_words
from sepcost.tasks.replacement_texts import AnyReplacement, asked_in_python
from sepcost.tasks.sweep_result import Swept
from sepcost.tasks.viewing import chosen_view


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
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
    device: str = "meta",
    run_models: bool = False,
    fold_norms: bool = False,
    flops_per_mac: int = 1,
    dtype: AnyDtype = None,
    bias: bool | None = None,
    norm: Norm = "none",
    transposed: bool = False,
    target: AnyTarget = None,
    rows: str | None = None,
    columns: str | Sequence[str] | None = None,
    sort: str | None = None,
    top: int | None = None,
    pareto: str | Sequence[str] = (),
    filter: str | Sequence[str] = (),
    **numbers: Any,
) -> Swept:
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
        *axis("alpha", alpha, partial(as_factor, "alpha")),
        *axis("rho", rho, partial(as_factor, "rho")),
        *axis("resolution", resolution, READERS["size"]),
        *axis("batch", batch, READERS["H"]),
    ]
    given = one_convolution(source, numbers, bias, norm, transposed)
    sources = [] if source is None else several_in_python(source)
    chosen, options = asked_in_python(replacements)
    condition = ReplaceIf.read(replace_if)
    profile = asked_target(target, condition)
    sweep = (given.sweep if given else Sweep()).with_axes(*axes)
    view = chosen_view(
        rows, columns, sort, top, None, pareto, filter, sweep, chosen, options,
        of_networks=given is not None, timed=profile is not None,
    )  # fmt: skip
    file = ProgramOptions.of(dims, values, graph_limit)
    job = Job(
        chosen,
        Convention.asked(flops_per_mac, 1, dtype),
        Sweep(tuple(axes)),
        models=options_in_python(inputs, device, run_models, *sources, fold_norms=fold_norms, file=file),
        replace_if=condition,
        target=profile,
        view=view,
    )
    if given is None:
        return Swept(job, lambda job: job.networks(sources), has_networks=True)
    refuse((job.globs.plan, "a plan names layers, and one convolution has none: give replacements"))

    def counted(job: Job) -> ConvolutionSweep:
        return ConvolutionSweep(given.convolution.network, sweep, job)

    size = None if view.filter or view.pareto or view.top else counted(job).sweep.size
    return Swept(job, lambda job: counted(job).combinations(), size=size, assumed=given.assumed)
