"""``sepcost check``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sepcost.blocks.replacements import ReplaceIf, Replacement
from sepcost.cli import options as o
from sepcost.cli.contradictions import TWICE, refuse_scaling_without_a_map
from sepcost.cli.formats import chosen_format, chosen_output
from sepcost.cli.limit_options import NO_LIMITS, with_limits
from sepcost.cli.option_values import multiplier_sweep, read_convention
from sepcost.cli.overwriting import code_files, refuse_link, refuse_overwriting
from sepcost.cli.plot import Pictures, Plot
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import complain, say, under_github, write
from sepcost.errors import INSTALL, ConfigError, SepcostError, refuse
from sepcost.formats.format import Format, FormatOptions
from sepcost.formats.registry import USUAL, AskedFormat, format_named, writing
from sepcost.judge.outcome import Allow
from sepcost.judge.verdict import Judgement
from sepcost.network.selection import Selection
from sepcost.tasks.files import unwritten
from sepcost.tasks.replacement_texts import asked_replacements
from sepcost.text.wording import listed

HOLDS, FAILS, NOT_JUDGED = 0, 1, 2
BUDGET = "Budget"
BASELINE = "Baseline"
NOTHING_TO_CHECK = (
    "nothing to check: give a budget (--max-params 4.3M, or `budget` in the file) or a --baseline, or let torch verify "
    f"the counts ({INSTALL})"
)


@with_limits(BUDGET)
def check(
    sources: o.Sources = None,
    most: Mapping[str, str | None] = NO_LIMITS,
    max_: Annotated[
        list[str] | None,
        typer.Option(
            "--max", help="The same for any figure of the JSON.", metavar="NAME=VALUE", rich_help_panel=BUDGET
        ),
    ] = None,
    min_reduction: Annotated[
        list[str] | None,
        typer.Option(help="Standard ÷ replacement, at least: macs=8.", metavar="NAME=VALUE", rich_help_panel=BUDGET),
    ] = None,
    min_speedup: Annotated[
        str | None,
        typer.Option(help="Standard time ÷ that of the replacement, at least.", metavar="N", rich_help_panel=BUDGET),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="Costs from earlier: nothing may have grown.", metavar="FILE", rich_help_panel=BASELINE),
    ] = None,
    max_growth: Annotated[
        list[str] | None,
        typer.Option(help="How much may have grown: macs=2%, or 2%.", metavar="[NAME=]VALUE", rich_help_panel=BASELINE),
    ] = None,
    update_baseline: Annotated[
        Path | None,
        typer.Option(help="Write the current costs to this file.", metavar="FILE", rich_help_panel=BASELINE),
    ] = None,
    allow: Annotated[
        list[Allow] | None,
        typer.Option(
            help="Let pass what is not known: what cannot be counted, figures for zeros, networks that are gone.",
            rich_help_panel=BASELINE,
        ),
    ] = None,
    replacements: Annotated[
        list[str] | None,
        typer.Option(
            "-r",
            "--replacement",
            help="What limits are for: the first of these; without it, the network as it is.",
            metavar="NAME[:option=value,…]",
            rich_help_panel=o.COUNTING,
        ),
    ] = None,
    plan: o.PlanFile = None,
    replace_if: o.WhenReplaced = ReplaceIf.ALWAYS,
    include: o.Include = None,
    exclude: o.Exclude = None,
    inputs: o.Inputs = None,
    dims: o.Dims = None,
    values: o.Values = None,
    graph_limit: o.GraphLimit = None,
    device: o.RunOn = "meta",
    run_models: o.RunModels = False,
    alpha: o.OneAlpha = "1",
    rho: o.OneRho = "1",
    resolution: o.OneResolution = None,
    fold_norms: o.FoldNorms = False,
    batch: o.Batch = "1",
    dtype: o.StoredAs = None,
    flops_per_mac: o.FlopsPerMac = "1",
    target: o.Target = None,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            help="Let torch count again: required, or not at all; else where torch is.",
            rich_help_panel=o.COUNTING,
        ),
    ] = None,
    format_: Annotated[
        AskedFormat | None, o.format_option("judgement", "github under GitHub Actions, else table.")
    ] = None,
    output: o.OutputFile = None,
    plot: Plot = None,
) -> int:
    """A gate for CI: every count verified, budgets held, nothing grown since the baseline.

    A gate for CI, with budgets:

    sepcost check configs --max-macs 600M -r separable --min-reduction macs=8

    With a baseline:

    sepcost check configs --baseline costs.json --max-growth macs=2%
    """
    files = sources or []
    output = chosen_output(output)
    read = [*files, *filter(None, [plan]), *code_files([*files, *(replacements or ()), *(inputs or ())])]
    _refuse_contradictions(files, read, output, baseline, max_growth, update_baseline)
    pictures = Pictures(plot, "judgement", [*read, *filter(None, [baseline])], output, update_baseline)
    to_actions = under_github() and output is None
    usual = "github" if to_actions else USUAL
    chosen = chosen_format(format_, writing("judgement"), output, usual).format
    refuse_scaling_without_a_map(rho, resolution, one_given=False, has_map=True)
    multipliers = multiplier_sweep(alpha, rho, resolution, batch="1")
    if multipliers.names:
        raise SepcostError(f"check judges one version of a network: give one value for {listed(multipliers.names)}")

    from sepcost.cli.limits import chosen_allowances, chosen_limits
    from sepcost.sources.model_options import ModelOptions, ProgramOptions
    from sepcost.tasks.check import judgement_of, witness
    from sepcost.tasks.figures import asked_target
    from sepcost.tasks.inspection import Wishes

    torch, unverified = witness(wanted=verify)
    file = ProgramOptions.read(dims, values, graph_limit)
    wishes = Wishes(
        convention=read_convention(flops_per_mac, dtype, batch),
        sweep=multipliers,
        replacements=_replacements(replacements, plan),
        limits=chosen_limits(most, max_ or (), min_reduction or (), min_speedup),
        allowances=chosen_allowances(max_growth or ()),
        witness=torch,
        verification_required=verify is True,
        selection=Selection(tuple(include or ()), tuple(exclude or ())),
        replace_if=replace_if,
        target=asked_target(target, replace_if),
        allowed=frozenset(allow or ()),
        models=ModelOptions.read(inputs, device, run_models, files, batch, fold_norms=fold_norms, file=file),
    )
    with Waiting("networks") as waiting:
        judgement = judgement_of(files, wishes, baseline, unverified, waiting)
    if not judgement.problems and not update_baseline and not judgement.checks:
        raise SepcostError(NOTHING_TO_CHECK)
    updated = None
    if update_baseline is not None:
        judgement, updated = _updated(update_baseline, judgement, files)
    _write_judgement(judgement, chosen, output)
    pictures.write(judgement)
    if updated:
        say(updated)
    return NOT_JUDGED if not judgement.is_decided else HOLDS if judgement.holds else FAILS


def _refuse_contradictions(
    sources: Sequence[str],
    read: Sequence[str],
    output: Path | None,
    baseline: str | None,
    max_growth: Sequence[str] | None,
    update_baseline: Path | None,
) -> None:
    no_baseline = "--max-growth says how much more than a baseline is allowed: give --baseline FILE"
    refuse(
        (not sources, "nothing to check: give a YAML file, a folder or -"),
        (sources.count("-") > 1, TWICE),
        (max_growth and baseline is None, no_baseline),
        (str(update_baseline) == "-", "--update-baseline writes a file: give its name"),
    )
    refuse_overwriting(read, output)
    refuse_overwriting(read, update_baseline, "--update-baseline")
    if output is not None:
        refuse_overwriting([str(path) for path in (baseline, update_baseline) if path], output, what="the baseline")
    refuse_link(output)
    refuse_link(update_baseline, "--update-baseline", may_exist=True)
    if baseline == "-":
        raise SepcostError("--baseline reads a file: give its name")


def _replacements(texts: Sequence[str] | None, plan: str | None) -> Sequence[Replacement] | None:
    """None where none was typed, and none at all for ``none``."""
    chosen, swept = asked_replacements(texts, plan)
    if swept:
        raise SepcostError(f"check judges one version of a network: give one value for {listed(swept)}")
    return chosen


def _write_judgement(judgement: Judgement, format_: Format, output: Path | None) -> None:
    """Write the judgement; standard error also says what could not be judged, and what was not verified."""
    from sepcost.sheets.check_text import undecided

    if not format_.is_log:
        complain(*judgement.problems, *undecided(judgement))
    if judgement.unverified is not None and not (format_.is_log or format_.audience == "people"):
        say(f"counts are not verified: {judgement.unverified}")
    is_empty = format_.audience == "people" and not judgement.verdicts
    chunks = [] if is_empty else [format_.judgement(judgement, FormatOptions(to_stdout=output is None))]
    write(chunks, output, escape=format_.escape)
    if format_.is_log:
        _append_summary(judgement)


def _append_summary(judgement: Judgement) -> None:
    """What GitHub shows on the page of the run, if there is a file for it."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(format_named("markdown").judgement(judgement, FormatOptions()))
    except OSError as error:
        complain(unwritten(f"GITHUB_STEP_SUMMARY: {path}", error))


def _updated(path: Path, judgement: Judgement, sources: Sequence[str]) -> tuple[Judgement, str | None]:
    """Write the baseline, unless something could not be read or is wrong by torch's count; and what to say of it.

    That it cannot be written is one more problem.
    """
    from sepcost.tasks.baseline import write_baseline

    if judgement.problems:
        return judgement, f"{path} is not written: not everything could be judged"
    if any(verdict.verification and verdict.verification.mismatches for verdict in judgement.verdicts):
        return judgement, f"{path} is not written: torch does not confirm every count"
    try:
        return judgement, write_baseline(judgement, sources, path)
    except SepcostError as error:
        return replace(judgement, problems=ConfigError.of("sepcost", str(error)).problems), None
