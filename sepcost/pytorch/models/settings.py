"""Settings: what a model's code changes in the process applies to that code alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import torch

NO_DEVICE = torch.device("cpu")
"""The default unless one is set."""


class Settings(NamedTuple):
    """The default dtype and device, and the current folder; None for one that stays as it is."""

    dtype: torch.dtype | None
    device: torch.device | None
    folder: str | None

    @classmethod
    def now(cls) -> Settings:
        """The settings now."""
        folder = None
        with suppress(OSError):  # it was removed
            folder = os.getcwd()  # noqa: PTH109
        return cls(torch.get_default_dtype(), torch.get_default_device(), folder)

    def since(self, before: Settings) -> Settings:
        """The settings that are not as they were before."""
        return Settings(
            None if self.dtype == before.dtype else self.dtype,
            None if self.device == before.device else self.device,
            None if self.folder == before.folder else self.folder,
        )

    def apply(self) -> None:
        """Set what is not set already."""
        dtype, device, folder = self.since(Settings.now())
        if dtype is not None:
            torch.set_default_dtype(dtype)
        if device is not None:
            torch.set_default_device(None if device == NO_DEVICE else device)
        if folder is not None:
            os.chdir(folder)


@contextmanager
def unchanged_settings() -> Iterator[None]:
    """Afterwards the settings are as they were before.

    >>> with unchanged_settings():
    ...     torch.set_default_dtype(torch.float64)
    >>> torch.get_default_dtype()
    torch.float32
    """
    before = Settings.now()
    try:
        yield
    finally:
        before.apply()
