"""Models that configs name: their code is run where the user trusts it, and what comes out is the config's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sepcost.errors import ConfigError, MissingTorchError, ModelError, NetworkError
from sepcost.network.lines import Lines
from sepcost.sources.models import LoadedModel, ModelOptions, reason, run_model
from sepcost.sources.yaml import Loaded, NamedModel, read_networks

NOT_TRUSTED = "names code to run: give --run-models if you trust it"


class ConfiguredModel(LoadedModel):
    """A model that a config names: its network has the config's name, replacements and budget.

    ``given``: its inputs were typed; those of the config are part of what is held to a baseline.
    """

    def __init__(self, named: NamedModel, loaded: LoadedModel, *, given: bool) -> None:
        network = replace(
            named.selection.of(loaded.network),
            name=named.name,
            source=named.source,
            replacements=named.replacements,
            budget=named.budget,
            given=loaded.network.given if given else None,
        )
        super().__init__(network, loaded.model, loaded.inputs, loaded.device)
        self._named = named

    def located(self, error: NetworkError) -> ConfigError:
        """What went wrong with the network later on, where the config names the model."""
        problems = [f"{problem.reason} (layer {problem.name!r})" for problem in error.problems]
        return self._named.error(*problems)

    def lines(self) -> Lines:
        """The config's lines: every layer stands where the model is named."""
        line, _ = self._named.place
        return replace(self._named.lines, layers={node.name: line for node in self.network})


def read_items(
    lines: Iterable[bytes], source: str, options: ModelOptions
) -> Iterator[Loaded | LoadedModel | ConfigError]:
    """What each document of a file or a stream describes; the models that it names are run, or refused."""
    for item in read_networks(lines, source):
        try:
            yield run_named(item, options) if isinstance(item, NamedModel) else item
        except ConfigError as error:
            yield error


def run_named(named: NamedModel, options: ModelOptions) -> ConfiguredModel:
    """Run the model if configs may name any; raises ConfigError with a place in the config.

    Inputs that were typed stand in for the config's; it runs on the cpu where either says so.
    """
    if not options.from_configs:
        raise named.error(NOT_TRUSTED)
    device = options.device if named.device == "meta" else named.device
    try:
        loaded = run_model(named.text, options.inputs or named.inputs, device)
    except ModelError as error:
        raise named.error(reason(str(named.text), error)) from None
    except MissingTorchError as error:
        raise named.error(str(error)) from None
    left = named.selection.unmatched(loaded.network)._asdict().items()
    if unmatched := [f"{key} {glob}: no convolution has such a name" for key, globs in left for glob in globs]:
        raise named.error(*unmatched)
    return ConfiguredModel(named, loaded, given=bool(options.inputs))
