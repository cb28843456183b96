"""Plans as YAML, made to be edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sepcost.blocks.plan import Plan
from sepcost.errors import SepcostError
from sepcost.formats.documents.config_yaml import is_unicode, scalar
from sepcost.text.wording import in_one_line


def plan_text(choices: Mapping[str, str], comments: Sequence[str] = ()) -> str:
    """A plan as a file: the replacement of each glob of names, under comments. Raises SepcostError.

    >>> print(plan_text({"layer3.*": "separable:multiplier=2", "*": "none"}, ["Half of the MACs"]), end="")
    # Half of the MACs
    replace:
      "layer3.*": "separable:multiplier=2"
      "*": none
    """
    Plan.of(choices)  # what is written can be read
    for glob in choices:
        if not is_unicode(glob):
            raise SepcostError(f"the layer's name {glob!a} has half of a character in it")
    lines = [*(f"# {in_one_line(comment)}" for comment in comments), "replace:"]
    return "".join(
        f"{line}\n" for line in [*lines, *(f"  {scalar(key)}: {scalar(text)}" for key, text in choices.items())]
    )
