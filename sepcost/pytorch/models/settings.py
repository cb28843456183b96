"""Settings: what a model's code changes in the process holds for that code alone, in whatever order models run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import torch

NO_DEVICE = torch.device("cpu")
"""The default where nobody has set one."""


class Settings(NamedTuple):
    """What tensors are made as, and where files are looked for; None for what is left as it is."""

    dtype: torch.dtype | None
    device: torch.device | None
    folder: str | None

    @classmethod
    def now(cls) -> Settings:
        """Those of this moment."""
        folder = None
        with suppress(OSError):  # it was removed
            folder = os.getcwd()  # noqa: PTH109
        return cls(torch.get_default_dtype(), torch.get_default_device(), folder)

    def since(self, before: Settings) -> Settings:
        """What of it is not as it was before."""
        return Settings(
            None if self.dtype == before.dtype else self.dtype,
            None if self.device == before.device else self.device,
            None if self.folder == before.folder else self.folder,
        )

    def apply(self) -> None:
        """Set what is not so already."""
        dtype, device, folder = self.since(Settings.now())
        if dtype is not None:
            torch.set_default_dtype(dtype)
        if device is not None:
            torch.set_default_device(None if device == NO_DEVICE else device)
        if folder is not None:
            os.chdir(folder)


@contextmanager
def unchanged_settings() -> Iterator[None]:
    """What is set in here is as it was after it.

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
