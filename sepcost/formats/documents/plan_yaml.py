"""Plans as YAML, made to be edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sepcost.formats.documents.config_yaml import scalar
from sepcost.text.wording import in_one_line


def plan_text(choices: Mapping[str, str], comments: Sequence[str] = ()) -> str:
    """A plan as a file: the replacement of each glob of names, under comments.

    >>> print(plan_text({"layer3.*": "separable:multiplier=2", "*": "none"}, ["Half of the MACs"]), end="")
    # Half of the MACs
    replace:
      "layer3.*": "separable:multiplier=2"
      "*": none
    """
    lines = [*(f"# {in_one_line(comment)}" for comment in comments), "replace:"]
    return "".join(
        f"{line}\n" for line in [*lines, *(f"  {scalar(key)}: {scalar(text)}" for key, text in choices.items())]
    )
