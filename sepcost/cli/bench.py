"""``sepcost bench``."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Annotated

from sepcost.blocks.replacements import ReplaceIf
from sepcost.cli import options as o
from sepcost.cli.contradictions import TWICE, refuse_scaling_without_a_map
from sepcost.cli.convolution import ConvolutionOptions
from sepcost.cli.formats import chosen_format, chosen_output
from sepcost.cli.option_values import multiplier_sweep, read_convention
from sepcost.cli.overwriting import code_files, refuse_link, refuse_overwriting
from sepcost.cli.plot import Pictures, Plot
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import write
from sepcost.errors import refuse
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import AskedFormat, writing
from sepcost.network.selection import Selection
from sepcost.sources.model_options import ModelOptions, ProgramOptions
from sepcost.tasks.convolution_sweep import ConvolutionSweep
from sepcost.tasks.figures import asked_target
from sepcost.tasks.job import Job
from sepcost.tasks.replacement_texts import asked_replacements
from sepcost.text.units import at_least_one, read_as, read_factor
from sepcost.timing.clock import MIN_TIME

TIMED = "How it is timed"
INTERRUPTED = 130


class RuntimeName(str, Enum):
    """Who runs the layers."""

    TORCH = "torch"
    ONNXRUNTIME = "onnxruntime"


_timed = partial(o.option, TIMED)


def bench(
    sources: o.Sources = None,
    height: o.Height = None,
    width: o.Width = None,
    in_channels: o.InChannels = None,
    kernel_size: o.KernelSize = None,
    out_channels: o.OutChannels = None,
    size: o.Size = None,
    stride: o.Stride = None,
    padding: o.Padding = None,
    output_padding: o.OutputPadding = None,
    dilation: o.Dilation = None,
    groups: o.Groups = None,
    bias: o.Bias = None,
    norm: o.NormBehind = None,
    transposed: o.Transposed = None,
    inputs: o.Inputs = None,
    dims: o.Dims = None,
    values: o.Values = None,
    graph_limit: o.GraphLimit = None,
    run_models: o.RunModels = False,
    replacements: o.Replacements = None,
    plan: o.PlanFile = None,
    replace_if: o.WhenReplaced = ReplaceIf.ALWAYS,
    include: o.Include = None,
    exclude: o.Exclude = None,
    alpha: o.Alpha = "1",
    rho: o.Rho = "1",
    resolution: o.Resolution = None,
    runtime: Annotated[RuntimeName, _timed("--runtime", "Who runs the layers.")] = RuntimeName.TORCH,
    device: Annotated[str, _timed("--device DEVICE", "cpu, cuda or mps.")] = "cpu",
    threads: Annotated[str, _timed("--threads N", "Threads of the CPU for one operator.")] = "1",
    batch: Annotated[str, _timed("--batch N", "Samples in a batch.")] = "1",
    dtype: Annotated[str, _timed("--dtype DTYPE", "float32, bfloat16, float16 or float64.")] = "float32",
    memory_format: Annotated[str, _timed("--memory-format FORMAT", "contiguous or channels_last.")] = "contiguous",
    backward: Annotated[bool, _timed("--backward", "Time the backward pass, too.")] = False,
    whole: Annotated[
        bool, _timed("--whole", "The whole model, too, as it is and really replaced, with norms and activations.")
    ] = False,
    min_time: Annotated[str, _timed("--min-time SECONDS", "Seconds for each thing that is timed.")] = str(MIN_TIME),
    target: o.Target = None,
    sort: o.Sort = None,
    top: o.Top = None,
    format_: Annotated[AskedFormat | None, o.format_option("benchmark")] = None,
    output: o.OutputFile = None,
    plot: Plot = None,
) -> int:
    """How long layers take on this machine, and how long their replacements would.

    One convolution:

    sepcost bench -H 112 -C 32 -K 3 -O 64

    A network, as a phone would run it:

    sepcost bench mobilenet_v1 --runtime onnxruntime --threads 2

    A model (this runs its code), by layers and as a whole:

    sepcost bench torchvision.models:resnet50 --input 3x224x224 --whole
    """
    one = ConvolutionOptions(
        height, width, size, in_channels, kernel_size, out_channels, stride, padding, output_padding, dilation, groups,
        bias, norm, transposed or None,
    )  # fmt: skip
    files, output = sources or [], chosen_output(output)
    _refuse_contradictions(files, one, selected=bool(include or exclude or plan))
    refuse_scaling_without_a_map(rho, resolution, bool(one.given), one.has_map)
    read = [*filter(None, [*files, plan, *code_files([*files, *(replacements or ()), *(inputs or ())])])]
    refuse_overwriting(read, output)
    refuse_link(output)
    asked = chosen_format(format_, writing("benchmark"), output)
    pictures = Pictures(plot, "benchmark", read, output)
    chosen, _ = asked_replacements(replacements, plan)
    file = ProgramOptions.read(dims, values, graph_limit)
    models = ModelOptions.read(inputs, "cpu", run_models, files, batch, file=file)
    multipliers, convention = multiplier_sweep(alpha, rho, resolution, "1"), read_convention("1", dtype, batch)
    settings = {"device": device, "dtype": dtype, "memory_format": memory_format, "backward": backward}
    seconds = float(read_as("--min-time", read_factor, min_time))
    first = None if top is None else read_as("--top", at_least_one, top)

    from sepcost.sheets.benchmark_records import SORTS, chosen_rows
    from sepcost.sheets.ordering import checked_sort
    from sepcost.tasks.bench import Bench, of_sources, runtime_named

    order = checked_sort(sort, SORTS)
    running = runtime_named(
        runtime.value, **settings, threads=read_as("--threads", at_least_one, threads), batch=convention.batch
    )
    selection = Selection(tuple(include or ()), tuple(exclude or ()))
    waiting = Waiting("layers")
    profile = asked_target(target, replace_if)
    chooses = profile if replace_if is ReplaceIf.FASTER else None
    job = Job(chosen, convention, multipliers, selection, models, replace_if, chooses, events=waiting)
    task = Bench(job, running, seconds, whole, profile)
    with waiting:
        if files:
            benchmark = task.run(of_sources(job, files))
        else:
            sweep = one.sweep().with_axes(*multipliers.axes)
            snapshots = ConvolutionSweep(one.network, sweep, job).snapshots()
            benchmark = task.run((snapshot.counted_now(), None) for snapshot in snapshots)
    if benchmark.rows:
        wanted = FormatOptions(to_stdout=output is None, **asked.options)
        shown = chosen_rows(benchmark, order, first)
        write([asked.format.benchmark(shown, wanted)], output, escape=asked.format.escape)
        pictures.write(shown)
    return INTERRUPTED if benchmark.missing else job.exit_code


def _refuse_contradictions(files: list[str], one: ConvolutionOptions, *, selected: bool) -> None:
    nothing = "nothing to time: give a YAML file, a folder or -, or one convolution by -H, -C, -K and -O"
    both = f"{''.join(files[:1])} and {''.join(one.given[:1])} contradict each other: give sources or one convolution"
    names = "--include, --exclude and --plan choose layers of files and models by their names: leave them out"
    refuse(
        (files and one.given, both),
        (not files and not one.given, nothing),
        (files.count("-") > 1, TWICE),
        (not files and not one.has_map, "a time is of a map, and there is none: give -H"),
        (not files and selected, names),
    )
