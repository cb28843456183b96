"""A user's own inputs for the models beside it, as a user's functions return them."""

from __future__ import annotations

from typing import Any

import torch


def images() -> Any:
    print("making images")  # noqa: T201 (as users do)
    return ([torch.zeros(3, 16, 16), torch.ones(3, 20, 24)],)


def one_by_one() -> Any:
    return [torch.zeros(3, 16, 16), torch.ones(3, 20, 24)]


def by_position() -> Any:
    return torch.zeros(1, 4, 16, 16), torch.tensor([500])


def by_name() -> Any:
    return {"t": torch.tensor([500]), "x": torch.zeros(1, 4, 16, 16)}


def both() -> Any:
    return (torch.zeros(1, 4, 16, 16),), {"t": torch.tensor([500])}


def batch(size: int = 2) -> Any:
    return torch.randn(size, 3, 32, 32)


def filled(value: float) -> Any:
    return torch.full((1, 3, 16, 16), float(value))


def length() -> Any:
    return 5


def fails() -> Any:
    raise KeyError("no such split")


number = 5
