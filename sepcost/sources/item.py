"""Item: one network that a source gives."""

from __future__ import annotations

from collections.abc import Sequence

from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot, only_figures
from sepcost.count.verification import Mismatch
from sepcost.errors import ConfigError, NetworkError
from sepcost.network.lines import Lines
from sepcost.network.network import Network


class Item:
    """A network; or, if it was counted ``earlier``, its figures alone, as ``file`` has them.

    >>> from sepcost import Conv
    >>> Item(Network.of(Conv((8, 8), 3, 8, 3))).name
    'conv'
    """

    def __init__(self, network: Network | None = None, earlier: Snapshot | None = None, file: str = "") -> None:
        self._network = network
        self.earlier = earlier
        self.file = file

    @property
    def network(self) -> Network:
        """The network itself; a SepcostError if there are only figures."""
        if self._network is None:
            raise only_figures(self.name)
        return self._network

    @property
    def name(self) -> str:
        return self._network.name if self._network else self.earlier.name if self.earlier else ""

    @property
    def source(self) -> str | None:
        return self._network.source if self._network else self.earlier.source if self.earlier else None

    @property
    def is_model(self) -> bool:
        """Whether a model ran for it."""
        return False

    def lines(self) -> Lines:
        """The lines of its file; none unless the network is written there."""
        return Lines(0, {}, {})

    def located(self, error: NetworkError) -> ConfigError:
        """A later error of the network, with a place in its source."""
        return ConfigError.of(self.source or "", str(error))

    def recounted(self, comparison: Comparison) -> Sequence[Mismatch]:
        """What differs from the comparison if the replacements are really made: of models only."""
        return ()
