"""Arguments: what a layer is given besides its input, and how configs name it."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Form(Enum):
    """What a value may look like."""

    POSITIVE = "a number from 1"
    WHOLE = "a number from 0, of any length"
    FLAG = "true or false"
    NAME = "any text"
    SIZES = "a number from 1 for each axis"
    NATURAL_SIZES = "a number from 0 for each axis"
    PADDING = "same, or a number from 0 for each axis"

    @property
    def is_per_axis(self) -> bool:
        return self in (Form.SIZES, Form.NATURAL_SIZES, Form.PADDING)


class Argument(NamedTuple):
    """One argument of a kind of layer: its key in configs, and its form or its choices.

    ``attribute`` is what the layer calls it, where that is not the key. ``unless_given`` is what it is where a config
    is silent; None where that follows from others, or where it is ``needed``. Results may leave a fact out that is what
    it would be anyway, but not one that is ``always_said``.
    """

    key: str
    form: Form | tuple[str, ...]
    description: str | None = None
    attribute: str | None = None
    unless_given: Any = None
    needed: bool = False
    always_said: bool = False

    @property
    def name(self) -> str:
        return self.attribute or self.key

    def usual(self, rank: int) -> Any:
        """Its default, in this number of dimensions.

        >>> Argument("stride", Form.SIZES, unless_given=1).usual(2)
        (1, 1)
        """
        is_per_axis = isinstance(self.form, Form) and self.form.is_per_axis and isinstance(self.unless_given, int)
        return (self.unless_given,) * rank if is_per_axis else self.unless_given
