"""A run of ``compare``: the networks one by one, compared or complained about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sepcost.arguments import Extent
from sepcost.cli.progress import Waiting
from sepcost.cli.streams import complain, complain_about
from sepcost.comparison import Comparison
from sepcost.cost import Convention
from sepcost.errors import ConfigError, ConfigProblem, NetworkError, SepcostError
from sepcost.network import Network
from sepcost.replacements import Replacement

if TYPE_CHECKING:
    from sepcost.config import Loaded


class Job:
    """What is to be done with each network; ``bad`` counts those that could not be judged."""

    def __init__(
        self,
        replacements: Sequence[Replacement],
        convention: Convention,
        *,
        alpha: str = "1",
        rho: str = "1",
        resolution: Extent | int | None = None,
    ) -> None:
        self.replacements = replacements
        self.convention = convention
        self.scaling: dict[str, Any] = {}
        if (alpha, rho, resolution) != ("1", "1", None):
            from sepcost.scaling import as_factor

            factors = {"alpha": as_factor("--alpha", alpha), "rho": as_factor("--rho", rho)}
            self.scaling = {**factors, "resolution": resolution}
        self.good = 0
        self.bad = 0

    @property
    def exit_code(self) -> int:
        return 2 if self.bad else 0

    def compare(self, network: Network) -> Comparison:
        """Scale a network and compare it; raises NetworkError where it does not fit together any more."""
        if self.scaling:
            from sepcost.scaling import scale

            network = scale(network, **self.scaling)
        return Comparison.of(network, self.replacements, self.convention)

    def compare_sources(self, sources: Sequence[str], waiting: Waiting) -> Iterator[Comparison]:
        """Every network of the sources that can be evaluated; the problems of the others go to stderr."""
        from sepcost.cli.sources import networks

        for item in waiting.counted(networks(sources)):
            try:
                comparison = self._evaluated(item)
            except ConfigError as error:
                self.bad += 1
                complain_about(error.problems)
            else:
                self.good += 1
                yield comparison
        if self.bad and self.good:
            complain(f"{self.bad} of {self.bad + self.good} networks could not be evaluated")

    def _evaluated(self, item: Loaded | ConfigError) -> Comparison:
        if isinstance(item, ConfigError):
            raise item
        try:
            return self.compare(item.network)
        except NetworkError as error:
            raise item.located(error) from None
        except SepcostError as error:
            raise ConfigError([ConfigProblem(item.network.source or "", 0, 0, "", str(error))]) from None
