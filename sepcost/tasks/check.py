"""Check: networks compared with budgets, a baseline and a witness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import Any

from sepcost.blocks.replacements import ReplaceIf
from sepcost.count.figure import AT_MOST, GROWING, OWN, REDUCTION, SPEEDUP, TIME, kind_of
from sepcost.errors import ConfigError, MissingTorchError, SepcostError
from sepcost.judge.outcome import Allow
from sepcost.judge.verdict import Judgement
from sepcost.judge.witness import Witness
from sepcost.layers.cost import Convention
from sepcost.network.budget import Limit
from sepcost.sources.model_options import ProgramOptions
from sepcost.sources.registry import options_in_python
from sepcost.sources.source import AnyDtype, AnySource, Given, several_in_python
from sepcost.tasks.baseline import Baseline
from sepcost.tasks.events import Events
from sepcost.tasks.figures import AnyTarget, asked_target
from sepcost.tasks.inspection import Allowances, Inspection, Wishes
from sepcost.tasks.python_words import in_python_words, reworded
from sepcost.tasks.replacement_texts import replacements_in_python
from sepcost.tasks.result import JudgementResult
from sepcost.text.quantities import read_allowance
from sepcost.text.units import as_text, read_as
from sepcost.text.wording import did_you_mean, listed


@in_python_words()
def check(
    sources: AnySource | Sequence[AnySource],
    *,
    at_most: Mapping[str, str | int] | None = None,
    reductions: Mapping[str, str | float] | None = None,
    min_speedup: str | float | None = None,
    baseline: str | PathLike[str] | None = None,
    growth: str | Mapping[str, str] | None = None,
    allow: str | Sequence[str] = (),
    replacements: Any = None,
    replace_if: str = "always",
    inputs: Any = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
    device: str = "meta",
    run_models: bool = False,
    fold_norms: bool = False,
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: AnyDtype = None,
    verify: bool = False,
    target: AnyTarget = None,
) -> JudgementResult:
    """What ``sepcost check`` says of files, folders and models: whether they are within their limits.

    >>> judgement = check("configs/mobilenet_v1.yaml", at_most={"macs": "600M"}, reductions={"macs": 8})
    Traceback (most recent call last):
    sepcost.errors.SepcostError: reductions are of a replacement, and none is named: give replacements="separable"
    >>> judgement = check(
    ...     "configs/mobilenet_v1.yaml", at_most={"macs": "600M"}, reductions={"macs": 8}, replacements="separable"
    ... )
    >>> judgement.holds, [limit.outcome.value for limit in judgement.verdicts[0].limits]
    (True, ['held', 'held', 'held'])

    ``at_most`` and ``reductions`` are limits by the names of figures, beside those of the files: numbers, or texts such
    as ``"600M"``. They are for the network as it is, or for the first of the ``replacements``. With a ``target`` times
    have limits, too: ``{"time": "40ms"}`` among ``at_most``, and ``min_speedup``. ``baseline`` is a file
    that ``--update-baseline`` wrote: nothing may have grown beyond it, but by ``growth`` (``"2%"``, or by figure:
    ``{"macs": "2%"}``). ``allow`` has what is not known and passes all the same: uncounted, zeros, gone. With
    ``verify`` torch counts again. The rest is as ``compare`` takes it. The judgement ``holds``, or its ``problems``,
    ``verdicts`` and ``gone`` say why not; ``is_decided`` is false where not everything could be judged. Raises
    SepcostError for wrong limits and where there is nothing to check, MissingTorchError where there is no torch
    to verify with.
    """
    several = several_in_python(sources)
    if not several:
        raise SepcostError("nothing to check: give a source")
    if not (baseline is None or isinstance(baseline, (str, PathLike))):
        raise SepcostError(f"baseline: must be a file's name, got {as_text(baseline, repr)}")
    chosen = replacements_in_python(replacements)
    if (reductions or min_speedup is not None) and not chosen:
        raise SepcostError('reductions are of a replacement, and none is named: give replacements="separable"')
    if growth is not None and baseline is None:
        raise SepcostError("growth is by how much a baseline may be exceeded: give a baseline")
    least = {f"{REDUCTION}{name}": value for name, value in _known("reductions", reductions or {}, OWN).items()}
    limits: dict[str, Any] = {**_known("at_most", at_most or {}, AT_MOST), **least}
    if min_speedup is not None:
        limits[SPEEDUP] = min_speedup
    condition = ReplaceIf.read(replace_if)
    file = ProgramOptions.of(dims, values, graph_limit)
    wishes = Wishes(
        chosen,
        Convention.asked(flops_per_mac, batch, dtype),
        limits=tuple(Limit(name, read_as(name, kind_of(name).read, as_text(value))) for name, value in limits.items()),
        allowances=_allowances(growth),
        witness=witness(wanted=True)[0] if verify else None,
        verification_required=verify,
        models=options_in_python(inputs, device, run_models, *several, fold_norms=fold_norms, file=file),
        replace_if=condition,
        target=asked_target(target, condition),
        allowed=frozenset(map(_allowed, [allow] if isinstance(allow, str) else allow)),
    )
    found = judgement_of(several, wishes, None if baseline is None else fspath(baseline))
    judgement = JudgementResult.over(replace(found, problems=reworded(ConfigError(found.problems)).problems))
    if not judgement.problems and not judgement.checks:
        raise SepcostError("nothing to check: give at_most, reductions, a baseline or verify=True")
    return judgement


def judgement_of(
    sources: Sequence[AnySource],
    wishes: Wishes,
    baseline: str | None = None,
    unverified: str | None = None,
    events: Events | None = None,
) -> Judgement:
    """Everything judged that can be; a baseline that cannot be read is one more problem.

    It is read before any model runs. Raises SepcostError where a glob of the selection matches nothing.
    """
    if wishes.target is None and TIME in wishes.allowances.of_each:
        raise SepcostError("--max-growth time is of predicted times: give --target")
    events = events or Events()
    before = _read_baseline(baseline)
    inspection = Inspection(wishes, events)
    inspection.read(sources)
    if isinstance(before, ConfigError):
        inspection.problems += before.problems
        before = None
    names = [str(Given(source).value) for source in sources if Given(source).is_named]
    judgement = inspection.judgement(before, names, unverified)
    for warning in before.warnings(judgement.verdicts) if before else ():
        events.say(warning)
    if inspection.counted and not judgement.problems:
        networks = [each.snapshot.counted_now().network for each in inspection.counted if not each.snapshot.is_earlier]
        wishes.refuse_unmatched(networks)
    return judgement


def witness(*, wanted: bool | None) -> tuple[Witness | None, str | None]:
    """torch, if it is wanted or there (None); else why nothing is verified, unless that was asked for."""
    if wanted is False:
        return None, None
    from sepcost.tasks.verifier import torch_witness

    try:
        return torch_witness(), None
    except MissingTorchError as error:
        if wanted:
            raise
        return None, str(error)


def _read_baseline(path: str | None) -> Baseline | ConfigError | None:
    try:
        return None if path is None else Baseline.read(path)
    except ConfigError as error:
        return error


def _known(argument: str, given: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """The limits by figure; a SepcostError for a name that has no such limit."""
    if not isinstance(given, Mapping):
        raise SepcostError(f"{argument}: must be a dict such as {{'macs': 8}}, got {as_text(given, repr)}")
    for name in given:
        if name not in names:
            hint = did_you_mean(str(name), names)
            raise SepcostError(f"{argument}: no figure is called {name!r}{hint} (there are {listed(names)})")
    return given


def _allowances(growth: str | Mapping[str, str] | None) -> Allowances:
    if growth is None:
        return Allowances()
    if isinstance(growth, str):
        return Allowances(dict.fromkeys(GROWING, read_as("growth", read_allowance, as_text(growth))))
    known = _known("growth", growth, GROWING)
    return Allowances(
        of_each={name: read_as(name, kind_of(name).read_growth, as_text(text)) for name, text in known.items()}
    )


def _allowed(word: str) -> Allow:
    words = [each.value for each in Allow]
    if word not in words:
        raise SepcostError(f"allow: must be {listed(words, 'or')}, got {word!r}{did_you_mean(str(word), words)}")
    return Allow(word)
