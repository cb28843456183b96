"""Configs: networks in YAML, and the models that they name, which run where the user trusts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sepcost.errors import ConfigError, MissingTorchError, ModelError, NetworkError
from sepcost.network.lines import Lines
from sepcost.sources.given import Given
from sepcost.sources.item import Item
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.models import LoadedModel, reason, run_model
from sepcost.sources.yaml import Loaded, NamedModel, read_networks, read_value

AS_VALUES = (Mapping, list, tuple)


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
        """A later error of the network, on the line where the config names the model."""
        problems = [f"{problem.reason} (layer {problem.name!r})" for problem in error.problems]
        return self._named.error(*problems)

    def lines(self) -> Lines:
        """The config's lines: every layer is on the line that names the model."""
        line, _ = self._named.place
        return replace(self._named.lines, layers={node.name: line for node in self.network})


class Configs:
    """YAML: files, standard input, texts, and values in the form of a document."""

    takes = "a file's name, YAML as text, a dict or a list as in YAML"

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item | ConfigError] | None:
        """What each document describes; the models that it names are run, or refused."""
        if given.is_text:
            return _items(read_networks(given.lines(), given.name), options, in_file=not given.is_yaml)
        return _items(read_value(given.value), options, in_file=False) if isinstance(given.value, AS_VALUES) else None


CONFIGS = Configs()


def _items(
    documents: Iterable[Loaded | NamedModel | ConfigError], options: ModelOptions, *, in_file: bool
) -> Iterator[Item | ConfigError]:
    for document in documents:
        if isinstance(document, NamedModel):
            try:
                yield run_named(document, options)
            except ConfigError as error:
                yield error
        elif in_file or isinstance(document, ConfigError):
            yield document
        else:
            yield Item(replace(document.network, source=None))


def run_named(named: NamedModel, options: ModelOptions) -> ConfiguredModel:
    """Run the model if configs may name any; raises ConfigError with a place in the config.

    Inputs that were typed replace the config's; it runs on the cpu if either says so.
    """
    if not options.from_configs:
        raise named.error(options.refusal)
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
