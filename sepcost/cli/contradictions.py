"""Which options of ``compare`` contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sepcost.cli.convolution import ConvolutionOptions
from sepcost.errors import SepcostError, refuse
from sepcost.formats.format import Format
from sepcost.formats.registry import names_of, writing
from sepcost.sheets.filtering import Condition
from sepcost.sheets.view import OF_REPLACEMENT
from sepcost.tasks.files import is_same, refuse_unwritable, resolved
from sepcost.text.wording import listed

TWICE = "- is standard input, and can be given once"


def refuse_contradictions(
    sources: Sequence[str],
    one: ConvolutionOptions,
    format_: Format,
    options: Collection[str],
    *,
    explain: bool,
    selected: bool,
    folded: bool,
    **others: object,
) -> None:
    """A SepcostError for the first two that contradict each other; ``others`` shape a table.

    ``options`` are those that were typed for the format.
    """
    if sources and one.given:
        raise SepcostError(f"{sources[0]} and {one.given[0]} contradict each other: give sources or one convolution")
    nothing = "nothing to compare: give a YAML file, a folder or -, or one convolution by -C, -K and -O"
    refuse((not sources and not one.given, nothing), (sources.count("-") > 1, TWICE))
    if format_.whole_networks:
        _refuse_beside_networks(format_, sources, others)
    if format_.one_convolution and not explain:
        _refuse_beside_convolution(format_, sources, one, others)
    if explain and not writing("derivation")(format_):
        there = listed(names_of(writing("derivation")), "or")
        raise SepcostError(f"--explain is for people: it goes with --format {there}, not {format_.name}")
    names = "--include, --exclude and --plan choose layers of files and models by their names: leave them out"
    folds = "--fold-norms is for files and models: give --norm folded"
    joins = "--join has columns for networks: give files or models, not one convolution"
    refuse((not sources and selected, names), (not sources and folded, folds), (not sources and others["join"], joins))
    shaping = [*(f"--{name}" for name, given in others.items() if given), *(f"{name}=" for name in options)]
    if explain and shaping:
        raise SepcostError(f"--explain derives the exact numbers of a convolution: leave out {shaping[0]}")


def _refuse_beside_networks(format_: Format, sources: Sequence[str], others: Mapping[str, object]) -> None:
    if not sources:
        raise SepcostError(f"--format {format_.name} writes networks: give a model or a file, not one convolution")
    for name, given in others.items():
        if given and name not in ("verify", "target", "plot"):
            raise SepcostError(f"--format {format_.name} writes whole networks: leave out --{name}")


def _refuse_beside_convolution(
    format_: Format, sources: Sequence[str], one: ConvolutionOptions, others: Mapping[str, object]
) -> None:
    pads = {"padding": one.padding, "output-padding": one.output_padding}
    homeless = [name for name, given in pads.items() if not one.has_map and given not in (None, "same")]
    refuse(
        (sources, f"{format_.name} writes one convolution: give -C, -K and -O (and -H), not a source"),
        *((given, f"{format_.name} writes modules, not figures: leave out --{name}") for name, given in others.items()),
        (homeless, f"{format_.name} cannot place --{', --'.join(homeless)} without a map: give -H"),
    )


def refuse_figures_of_replacements(columns: str | None, sort: str | None, filters: Sequence[str] | None) -> None:
    """A SepcostError if figures of replacements are asked for together with ``-r none``."""
    given = {"--columns": (columns or "").split(","), "--sort": [(sort or "").removeprefix("-")]}
    given["--filter"] = [Condition.read(text).name for text in filters or ()]
    for option, names in given.items():
        for name in names:
            if name.strip().lower().startswith(OF_REPLACEMENT):
                raise SepcostError(f"{option} {name.strip()} is of a replacement: it does not go with -r none")


def refuse_saving_plan(
    files: Sequence[str], chosen: Sequence[object] | None, output: Path | None, plan: Path | None, *, several: bool
) -> None:
    """A SepcostError where there is no plan of one network to save, or no place for it."""
    if plan is None:
        return
    refuse(
        (not files, "--save-plan is of a network's layers: give a file or a model, not one convolution"),
        (len(files) > 1 or several, "--save-plan is of one network: give one, in one version"),
        (chosen is not None and len(chosen) != 1, "--save-plan is of one replacement: give one -r, or --plan"),
        (output is not None and is_same(resolved(output), plan), f"--save-plan {plan}: is the --output, too"),
    )
    refuse_unwritable(resolved(plan), str(plan))


def refuse_scaling_without_a_map(rho: str, resolution: str | None, one_given: bool, has_map: bool) -> None:
    """A SepcostError if a multiplier has nothing to multiply, or if two say the same."""
    refuse(
        (resolution is not None and rho != "1", "--rho and --resolution say the same thing: give one of them"),
        (resolution is not None and one_given, "--resolution is for networks: -H gives the map of one convolution"),
        (rho != "1" and one_given and not has_map, "--rho scales a map, and there is no map: give -H"),
    )
