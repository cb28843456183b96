"""Setup: what decides how long a layer takes, apart from the layer."""

from __future__ import annotations

from dataclasses import dataclass

from sepcost.layers.cost import BITS

NAMES = {"memory_format": "memory format", "tf32": "TF32"}
"""What people read, where that is not the field's name."""
UNKNOWN = {"", "unknown processor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What decides a time: who runs the layers, on what, with how many threads, in which dtype.

    >>> setup = Setup(runtime="torch", version="2.13.0", processor="AMD EPYC", instructions="AVX2", threads=1)
    >>> setup.title
    'torch 2.13.0 eager, 1 thread, float32, batch 1, AMD EPYC (AVX2)'

    ``device`` is cpu, cuda or mps, and ``processor`` the name of that chip; ``instructions`` are the widest vectors of
    a CPU that are used, and ``threads`` its threads for one operator. ``system`` is for people: it decides little.
    """

    runtime: str
    version: str
    processor: str
    device: str = "cpu"
    instructions: str = ""
    system: str = ""
    threads: int = 1
    dtype: str = "float32"
    memory_format: str = "contiguous"
    batch: int = 1
    tf32: bool = False
    backward: bool = False

    @property
    def element_bytes(self) -> int:
        """Bytes of an element of its dtype."""
        return BITS[self.dtype] // 8

    @property
    def title(self) -> str:
        """All of it in one line; what is usual is left out."""
        threads = f"{self.threads} thread{'s' * (self.threads != 1)}"
        parts = [
            f"{self.runtime} {self.version}{' eager' * (self.runtime == 'torch')}".strip(),
            self.device if self.device != "cpu" else threads,
            f"{self.dtype}{' with TF32' * self.tf32}",
            self.memory_format * (self.memory_format != "contiguous"),
            f"batch {self.batch}",
            "forward and backward" * self.backward,
            f"{self.processor}{f' ({self.instructions})' * bool(self.instructions)}",
        ]
        return ", ".join(filter(None, parts))

    def differences(self, other: Setup) -> list[str]:
        """What differs from another setup and decides times: first what is here, then what is there.

        >>> here = Setup(runtime="torch", version="2.13.1", processor="AMD EPYC", threads=1)
        >>> there = Setup(runtime="torch", version="2.13.0", processor="AMD EPYC", threads=2, dtype="bfloat16")
        >>> here.differences(there)
        ['threads: 1, not 2', 'dtype: float32, not bfloat16']

        A version is its first two numbers. The threads of a GPU's host decide nothing, nor does what one side does not
        know.
        """
        own, others = self._deciding, other._deciding
        return [
            f"{NAMES.get(name, name)}: {_text(own[name])}, not {_text(others[name])}"
            for name in own
            if own[name] != others[name] and not UNKNOWN & {own[name], others[name]}
        ]

    @property
    def _deciding(self) -> dict[str, str | int]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "system"}
        return values | {
            "version": ".".join(self.version.split(".")[:2]),
            "threads": self.threads if self.device == "cpu" else 0,
        }


def _text(value: str | int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
