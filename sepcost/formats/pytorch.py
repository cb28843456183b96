"""PyTorch source of one convolution and of its replacements, to paste."""

from __future__ import annotations

from collections.abc import Iterable

from sepcost.count.snapshot import Snapshot
from sepcost.formats.drawing.module_code import module_code
from sepcost.formats.format import Comparisons, Format, FormatOptions
from sepcost.sheets.comparison_sheets import title_of


class PyTorch(Format):
    """Modules of torch.nn, under the names that the replacements have everywhere."""

    escape = r"\x{:02x}"
    endings = (".py",)
    writes = ("comparisons",)
    one_convolution = True

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterable[str]:
        """The source of each."""
        for snapshot in comparisons:
            if isinstance(snapshot, Snapshot):
                yield module_code(title_of(snapshot, options.assumed), snapshot.counted_now())


FORMAT = PyTorch()
