"""Scoring: a user's own function says how good a model is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from math import isfinite, nan
from typing import Any

from torch import nn

from sepcost.errors import ModelError
from sepcost.pytorch.models.own_code import RAISED, error_line
from sepcost.pytorch.replacing.data import evaluated
from sepcost.text.model_text import ModelText
from sepcost.text.units import as_text


def scorer(text: ModelText, function: Callable[..., Any]) -> Callable[[nn.Module], float]:
    """What the function says of a model: a number. It is called with the model, as at inference, without gradients.

    Raises ModelError if it fails, or says no number.
    """

    def score(model: nn.Module) -> float:
        try:
            with evaluated(model):
                said = function(model, *text.arguments, **text.options)
        except RAISED as error:
            raise ModelError(f"{text}: {error_line(error)}") from None
        value = _number(said)
        if not isfinite(value):
            raise ModelError(f"{text}: must return a number, got {as_text(said, repr)}")
        return value

    return score


def about(function: Callable[..., Any]) -> str | None:
    """The first line of its docstring.

    >>> about(scorer)
    'What the function says of a model: a number. It is called with the model, as at inference, without gradients.'
    """
    return next(iter((inspect.getdoc(function) or "").splitlines()), None)


def _number(said: Any) -> float:
    """The number that a function returned, as a tensor or otherwise; NaN if it is none."""
    try:
        return float(said)
    except (TypeError, ValueError, RuntimeError):
        return nan
