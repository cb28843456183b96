"""Value reads: a pass that depends on the values of its tensors, and not on their shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import torch

from sepcost.pytorch.models.tensors import tensors_in
from sepcost.pytorch.private import packet_of

PAST_THE_DISPATCHER = ("tolist", "numpy")
"""Methods of tensors that read values without an operator."""
BY_VALUES = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)
MASKS = (torch.bool, torch.uint8)


class ValueReads:
    """While it is entered, ``found`` says whether values were read of any tensor that is not ``constant``.

    >>> with ValueReads() as reads:
    ...     numbers = torch.zeros(2).tolist()
    >>> reads.found
    True
    """

    def __init__(self, constant: Callable[[torch.Tensor], bool] = lambda tensor: False) -> None:
        self.found = False
        self._constant = constant
        self._patches = ExitStack()

    def __enter__(self) -> ValueReads:
        for name in PAST_THE_DISPATCHER:
            self._patches.enter_context(patch.object(torch.Tensor, name, self._noting(getattr(torch.Tensor, name))))
        return self

    def __exit__(self, *raised: object) -> None:
        self._patches.close()

    def see(self, operator: Any, args: Sequence[Any]) -> None:
        """Note an operator that the dispatcher sees: torch tags those that read values."""
        if not self.found and any(tag in operator.tags for tag in BY_VALUES) and _by_values(operator, args):
            self.found = not all(map(self._constant, tensors_in(args)))

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(tensor: torch.Tensor, *args: Any, **options: Any) -> Any:
            self.found = self.found or not self._constant(tensor)
            return method(tensor, *args, **options)

        return noted


def _by_values(operator: Any, args: Sequence[Any]) -> bool:
    """Whether it reads values: an index with a mask does, and one with numbers does not."""
    if packet_of(operator) is not torch.ops.aten.index:
        return True
    return any(index is not None and index.dtype in MASKS for index in args[1])
