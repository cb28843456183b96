"""Diff: what one network costs more or less than another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError, ConfigProblem, Notice, SepcostError
from sepcost.judge.difference import Difference
from sepcost.judge.sides import Side, refuse_different_counting, same_network
from sepcost.layers.cost import Convention
from sepcost.sources.model_options import ModelOptions, ProgramOptions
from sepcost.sources.registry import options_in_python, read
from sepcost.sources.source import AnyDtype, AnySource, Given, Item, in_python
from sepcost.tasks.counting import Counting
from sepcost.tasks.events import Events
from sepcost.tasks.figures import AnyTarget, asked_target, figures_of
from sepcost.tasks.python_words import in_python_words
from sepcost.tasks.replacement_texts import plan_in_python
from sepcost.tasks.result import DifferenceResult
from sepcost.tasks.verifier import Verifier

if TYPE_CHECKING:
    from sepcost.blocks.plan import Plan
    from sepcost.targets.profile import Profile


@in_python_words()
def diff(
    before: AnySource,
    after: AnySource,
    *,
    inputs: Any = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
    device: str = "meta",
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: AnyDtype = None,
    run_models: bool = False,
    fold_norms: bool = False,
    target: AnyTarget = None,
    plan: Any = None,
) -> DifferenceResult:
    """What one network costs more or less than another: what ``sepcost diff`` shows.

    >>> from sepcost import Conv
    >>> change = diff(Conv((8, 8), 3, 16, 3), Conv((8, 8), 3, 24, 3)).total["macs"]
    >>> change.before, change.after, change.percent
    (27648, 41472, 50.0)

    Both sides are whatever ``compare`` takes, or a file of earlier costs (``compare --format json``, a baseline). With
    a ``plan``, such as ``{"layer3.*": "separable"}``, both are what they become under it.
    Raises ConfigError with everything that is wrong with a file, SepcostError where the two cannot be compared.
    """
    convention = Convention.asked(flops_per_mac, batch, dtype)
    before, after = in_python(before), in_python(after)
    file = ProgramOptions.of(dims, values, graph_limit)
    models = options_in_python(inputs, device, run_models, before, after, fold_norms=fold_norms, file=file)
    found = difference(before, after, convention, models, target=asked_target(target), plan=plan_in_python(plan))
    return DifferenceResult.over(found)


def difference(
    before: AnySource,
    after: AnySource,
    convention: Convention,
    models: ModelOptions,
    verifier: Verifier | None = None,
    events: Events | None = None,
    target: Profile | None = None,
    plan: Plan | None = None,
) -> Difference:
    """The difference of two sources, with one network each or one of a shared name; under a plan, where there is one.

    Raises ConfigError with everything that is wrong with either, SepcostError if they cannot be compared.
    """
    events, counting = events or Events(), Counting([plan] if plan else [], convention, target=target)
    sides: list[Side] = []
    problems: list[ConfigProblem] = []
    for source in (before, after):
        items = list(read([source], models))
        problems += (problem for item in items if isinstance(item, ConfigError) for problem in item.problems)
        for notice in items:
            if isinstance(notice, Notice):
                events.say(notice.message)
        counted = [item for item in items if isinstance(item, Item) and not problems]
        networks = [_counted(item, counting) for item in counted]
        sides.append(Side(Given(source).name, networks, counted=not any(network.is_earlier for network in networks)))
        events.advance(1)
    if problems:
        raise ConfigError([*dict.fromkeys(problems)])
    counting.refuse_unmatched([each.counted_now().network for side in sides for each in side.networks if plan])
    ours, theirs = sides
    return _compared(ours, theirs, convention, verifier)


def _counted(item: Item, counting: Counting) -> Snapshot:
    plans = counting.replacements or ()
    if item.earlier is None:
        found = figures_of(counting.compared(item.network, plans, counting.convention))
        return found.carried_out(plans[0].text) if plans else found
    if plans:
        return counting.earlier(item, item.earlier)  # which is refused
    if counting.target and not item.earlier.target:
        raise SepcostError(f"{item.file} has no times: leave out --target, or write it with --target")
    return item.earlier


def _compared(ours: Side, theirs: Side, convention: Convention, verifier: Verifier | None) -> Difference:
    pair = same_network(ours, theirs)
    refuse_different_counting(ours, theirs, pair)
    if not (ours.counted or theirs.counted) and convention not in (Convention(), pair[0].convention):
        raise SepcostError("--batch, --dtype and --flops-per-mac are for configs: both sides were counted before")
    return Difference.of(*(pair if verifier is None else map(verifier.verified_snapshot, pair)))
