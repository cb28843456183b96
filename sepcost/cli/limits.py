"""Limits and allowances, from the options of the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sepcost.count.figure import AT_MOST, GROWING, MULTIPLES, OWN, REDUCTION, SPEEDUP, is_reduction, kind_of
from sepcost.errors import SepcostError
from sepcost.network.budget import Limit
from sepcost.tasks.inspection import Allowances
from sepcost.text.quantities import Allowance, read_allowance
from sepcost.text.units import read_as, shortened
from sepcost.text.wording import did_you_mean, listed


def chosen_limits(
    most: Mapping[str, str | None], others: Sequence[str], reductions: Sequence[str], speedup: str | None
) -> tuple[Limit, ...]:
    """The limits that were typed: ``most`` have an option of their own, each of the rest is NAME=VALUE."""
    typed = [
        *((f"--max-{figure.replace('_', '-')}", figure, text) for figure, text in most.items() if text is not None),
        *((f"--max {name}", name, text) for name, text in _named("--max", others, AT_MOST)),
        *([("--min-speedup", SPEEDUP, speedup)] if speedup else []),
        *(
            (f"--min-reduction {name}", f"{REDUCTION}{name}", text)
            for name, text in _named("--min-reduction", reductions, OWN)
        ),
    ]
    _refuse_twice([figure for _, figure, _ in typed])
    return tuple(Limit(figure, read_as(option, kind_of(figure).read, text)) for option, figure, text in typed)


def chosen_allowances(texts: Sequence[str]) -> Allowances:
    """How much each figure may grow: NAME=VALUE, or per cent for all of them."""
    for_all = [text for text in texts if "=" not in text]
    if len(for_all) > 1:
        raise SepcostError(f"--max-growth is given twice for everything: {listed(for_all)}")
    every = read_as("--max-growth", read_allowance, for_all[0]) if for_all else Allowance()
    typed = list(_named("--max-growth", [text for text in texts if "=" in text], GROWING))
    _refuse_twice([name for name, _ in typed])
    return Allowances(
        dict.fromkeys(GROWING, every),
        {name: read_as(f"--max-growth {name}", kind_of(name).read_growth, text) for name, text in typed},
    )


def _named(option: str, texts: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values of NAME=VALUE; a SepcostError for a name that is none of these."""
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            example = f"macs={_EXAMPLES[option]}"
            raise SepcostError(f"{option}: must be NAME=VALUE such as {example}, got {shortened(text)}")
        if name not in names:
            raise SepcostError(f"{option}: {_unknown(option, name, names)}")
        yield name, value


_EXAMPLES = {"--max": "600M", "--min-reduction": "8", "--max-growth": "2%"}


def _unknown(option: str, name: str, names: Sequence[str]) -> str:
    if option == "--max-growth" and name in MULTIPLES:
        return f"{name} grow as {MULTIPLES[name]} do: give {MULTIPLES[name]}"
    if is_reduction(name):
        return f"{name} has a least, not a most: give --min-reduction {name.removeprefix(REDUCTION)}=…"
    if name == SPEEDUP:
        return f"{name} has a least, not a most: give --min-speedup"
    return f"no figure is called {name!r}{did_you_mean(name, names)} (there are {listed(names)})"


def _refuse_twice(names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise SepcostError(f"{name} is given {times} limits: give one")
