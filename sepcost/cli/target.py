"""``sepcost target``: learn, list, show, export-grid."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from sepcost.cli import options as o
from sepcost.cli.commands import Command
from sepcost.cli.formats import chosen_format, chosen_output
from sepcost.cli.overwriting import refuse_link, refuse_overwriting
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import complain, say, write
from sepcost.errors import ConfigError, refuse
from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import AskedFormat, writing
from sepcost.text.quantities import read_count
from sepcost.text.units import at_least_one, read_as, read_factor, read_whole

GOOD, BAD = 0, 2
HELD_FOR = "What it holds for"
HELP = """The machines that times are predicted for: learned from measured layers, kept as small files.

This machine, as local, in two minutes:

sepcost target learn

What is known of it, and of all others:

sepcost target show local

sepcost target list

A phone: a grid of layers, timed there, then learned from:

sepcost target export-grid grid/ --like mobilenet_v1

sepcost target learn pixel8 --from grid/ --processor 'Pixel 8'
"""
target = typer.Typer(name="target", help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


class Reading(Command):
    """A command that says each thing that is wrong in a file in a line of its own."""

    def invoke(self, ctx: Any) -> Any:
        """Run it; its exit code."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            complain(*error.problems)
            return BAD


Shown = Annotated[AskedFormat | None, o.format_option("targets", panel=None)]
Like = Annotated[
    list[str] | None,
    typer.Option(
        "--like", help="Around the layers of this network or folder, and what replaces them.", metavar="CONFIG"
    ),
]
Seed = Annotated[str, typer.Option("--seed", help="Another one draws other layers.", metavar="N")]


_setting = partial(o.option, HELD_FOR)


@target.command(cls=Reading)
def learn(
    name: Annotated[
        str | None, typer.Argument(help="What it is called: as its --output, or local.", metavar="[NAME]")
    ] = None,
    minutes: Annotated[str, typer.Option("--minutes", help="How long it measures.", metavar="MINUTES")] = "2",
    like: Like = None,
    seed: Seed = "0",
    times: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Times measured elsewhere: a filled CSV of a grid, or its folder with outputs.",
            metavar="PATH",
        ),
    ] = None,
    runtime: Annotated[
        str | None, _setting("--runtime NAME", "torch, unless given, or onnxruntime; with --from, any.")
    ] = None,
    processor: Annotated[str | None, _setting("--processor NAME", "With --from: the chip.")] = None,
    device: Annotated[str | None, _setting("--device DEVICE", "cpu, unless given, cuda or mps.")] = None,
    threads: Annotated[
        str | None, _setting("--threads N", "Threads of the CPU for one operator; 1 unless given.")
    ] = None,
    batch: Annotated[str | None, _setting("--batch N", "Samples in a batch; 1 unless given.")] = None,
    dtype: Annotated[
        str | None, _setting("--dtype DTYPE", "float32, unless given, bfloat16, float16 or float64.")
    ] = None,
    memory_format: Annotated[
        str | None, _setting("--memory-format FORMAT", "contiguous, unless given, or channels_last.")
    ] = None,
    format_: Shown = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Store it in this file, not by its name.", metavar="FILE")
    ] = None,
) -> None:
    """Learn a machine: measure layers on it, or read their times, and say how far off predictions are."""
    from sepcost.tasks import target as task

    output = chosen_output(output)
    asked = chosen_format(format_, writing("targets"))
    texts = {"runtime": runtime, "processor": processor, "device": device, "threads": threads}
    texts |= {"batch": batch, "dtype": dtype, "memory_format": memory_format}
    settings = {key: text for key, text in texts.items() if text is not None}
    refuse(
        (times is not None and like, "--like is for what is measured here: leave out --from or --like"),
        (times is None and processor, "--processor is for --from: here it is known"),
    )
    refuse_overwriting([*(like or ()), *([str(times)] if times and times.is_file() else [])], output)
    refuse_link(output)
    name = name or task.name_of(output)
    path, before = task.place_of(name, output)
    if times is not None:
        from sepcost.sources.targets.times import read_times, setup_of

        said, points = read_times(times)
        profile, warning = task.learned(name, setup_of({**said, **settings}), points, Waiting("rows"))
    else:
        try:
            profile, warning = _measured(name, settings, minutes, seed, like or [])
        except KeyboardInterrupt:
            say(f"interrupted: nothing is stored for {name}")
            raise
    task.store(profile, path)
    shown = task.Kept(name, str(path), profile)
    write([asked.format.targets(task.Targets([shown], in_detail=True), FormatOptions(to_stdout=True))], None)
    instead = f", in place of the one learned {before.profile.learned or 'before'}" if before else ""
    say(f"learned {name} from {len(profile.points):,} layers{instead}; off by {task.off_by(profile)}")
    if warning:
        say(warning)


def _measured(name: str, settings: dict[str, Any], minutes: str, seed: str, like: list[str]) -> Any:
    """The profile of this machine, and what is to be said against it."""
    from sepcost.tasks import target as task
    from sepcost.tasks.bench import runtime_named

    numbers = {
        key: read_as(f"--{key}", at_least_one, settings.pop(key)) for key in ("threads", "batch") if key in settings
    }
    lasting = float(read_as("--minutes", read_factor, minutes))
    drawn = read_as("--seed", read_whole, seed)
    runtime = runtime_named(settings.pop("runtime", "torch"), **settings, **numbers)
    waiting = Waiting("seconds")
    layers = task.layers_like(like, waiting)
    with waiting:
        return task.measured_here(name, runtime, layers, lasting, drawn, waiting)


@target.command("list", cls=Reading)
def list_(format_: Shown = None) -> int:
    """The targets that there are: by name, what they hold for, how far off they are, and their files."""
    from sepcost.tasks import target as task

    asked = chosen_format(format_, writing("targets"))
    found = task.all_targets()
    kept = [each for each in found if not isinstance(each, ConfigError)]
    write([asked.format.targets(task.Targets(kept), FormatOptions(to_stdout=True))], None, escape=asked.format.escape)
    broken = [each for each in found if isinstance(each, ConfigError)]
    complain(*(problem for error in broken for problem in error.problems))
    return BAD if broken else GOOD


@target.command(cls=Reading)
def show(
    name: Annotated[str, typer.Argument(help="A target, or the path of its file.", metavar="NAME")],
    format_: Shown = None,
) -> None:
    """What is known of a target: what it holds for, how good it is, its constants, the layers that it knows."""
    from sepcost.tasks import target as task

    asked = chosen_format(format_, writing("targets"))
    targets = task.Targets([task.one_target(name)], in_detail=True)
    write([asked.format.targets(targets, FormatOptions(to_stdout=True))], None, escape=asked.format.escape)


@target.command("export-grid", cls=Reading)
def export_grid(
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="FOLDER")],
    layers: Annotated[str, typer.Option("--layers", help="How many.", metavar="N")] = "200",
    max_macs: Annotated[str, typer.Option("--max-macs", help="Of each layer: 50M, 4G.", metavar="N")] = "1G",
    like: Like = None,
    seed: Seed = "0",
) -> None:
    """Write layers to be timed elsewhere: ONNX files, a CSV to fill in, and a script that does, with ONNX Runtime."""
    from sepcost.tasks import target as task

    count, most = read_as("--layers", at_least_one, layers), read_as("--max-macs", read_count, max_macs)
    waiting = Waiting("layers")
    around = task.layers_like(like or [], waiting)
    with waiting:
        task.export_grid(folder, count, read_as("--seed", read_whole, seed), around, most, waiting)
    ready = f"{folder}: {count:,} layers; time them (python {folder / 'run.py'}), and learn from that"
    say(f"{ready}: sepcost target learn NAME --from {folder}")
