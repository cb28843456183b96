"""Which layers are replaced: all that can be, or those that it makes cheaper."""

from __future__ import annotations

from enum import Enum

from sepcost.errors import SepcostError
from sepcost.text.units import as_text
from sepcost.text.wording import did_you_mean

NOT_FEWER = "it would not have fewer MACs"
"""Why a layer is kept under ``fewer-macs``."""


class ReplaceIf(str, Enum):
    """When a layer that can be replaced is replaced."""

    ALWAYS = "always"
    FEWER_MACS = "fewer-macs"

    @classmethod
    def read(cls, value: object) -> ReplaceIf:
        """The choice of this name; a SepcostError if there is none.

        >>> ReplaceIf.read("fewer")
        Traceback (most recent call last):
        sepcost.errors.SepcostError: replace_if must be always or fewer-macs, got 'fewer'; did you mean `fewer-macs`?
        """
        names = [choice.value for choice in cls]
        if isinstance(value, str) and value in names:
            return cls(value)
        hint = did_you_mean(as_text(value), names)
        raise SepcostError(f"replace_if must be {' or '.join(names)}, got {as_text(value, repr)}{hint}")

    def reason_to_keep(self, macs: int, replaced: int) -> str | None:
        """Why a layer with this many MACs is kept, when its replacement has ``replaced``; None if it is replaced.

        >>> ReplaceIf.FEWER_MACS.reason_to_keep(256, 272), ReplaceIf.ALWAYS.reason_to_keep(256, 272)
        ('it would not have fewer MACs', None)
        """
        return NOT_FEWER if self is ReplaceIf.FEWER_MACS and replaced >= macs else None
