"""The one convolution of the sources that ``--explain`` derives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sepcost.count.comparison import Comparison
from sepcost.errors import SepcostError
from sepcost.tasks.job import Job
from sepcost.text.wording import MOST_NAMES


def only_convolution(comparisons: Iterable[Comparison], job: Job) -> list[Comparison]:
    """Each combination with the convolution that is meant alone; a SepcostError where none or several are."""
    found: list[Comparison] = []
    names: list[str] = []
    meant: Counter[tuple[str, ...]] = Counter()
    for comparison in comparisons:
        chosen = job.selection.convolutions(comparison.network)
        combination = tuple(map(str, comparison.swept.values()))
        meant[combination] += len(chosen)
        names += chosen[: MOST_NAMES + 1 - len(names)]
        if meant[combination] == 1 and chosen:
            found.append(_alone(comparison, chosen[0]))
    most = max(meant.values(), default=0)
    if most > 1 or not (found or any(job.unmatched) or job.bad):
        raise SepcostError(_refusal(most, names))
    return found


def _alone(comparison: Comparison, name: str) -> Comparison:
    return replace(comparison, layers=tuple(layer for layer in comparison.layers if layer.name == name))


def _refusal(number: int, names: list[str]) -> str:
    if not number:
        return "--explain derives one convolution, and there is none"
    examples = f"{', '.join(names[:MOST_NAMES])} …" if number > len(names) else ", ".join(names)
    return f"--explain derives one convolution, and {number:,} are meant ({examples}): choose one by --include NAME"
