"""All sources: to add one, write a subclass of ``Source`` in a file of its own, and name it here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from sepcost.errors import ConfigError, ConfigProblem, NetworkError, Notice, SepcostError, needs
from sepcost.network.network import Network
from sepcost.sources.costs.costs import COSTS
from sepcost.sources.folders import opened
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.model_options import USUAL, ModelOptions, ProgramOptions
from sepcost.sources.models import MODELS
from sepcost.sources.objects import OBJECTS
from sepcost.sources.paths import absolute
from sepcost.sources.programs import Programs
from sepcost.sources.shipped import unless_shipped
from sepcost.sources.source import Given, Item
from sepcost.sources.weights.weights import WEIGHTS
from sepcost.sources.yaml.configs import CONFIGS
from sepcost.text.model_text import HOLDS_WEIGHTS, is_program, is_weights
from sepcost.text.units import as_text
from sepcost.text.wording import in_one_line


class Source(Protocol):
    """It decides whether it can read something, and reads it."""

    takes: str
    """What can be given to it, as messages list it; nothing for files, which are listed once."""

    def read(self, given: Given, options: ModelOptions) -> Iterable[Item | ConfigError] | None:
        """The networks, or what is wrong with them, one by one; None if this is for another source.

        Raises ConfigError if nothing of it can be read. ``options`` are for models.
        """


def _of_pt2(path: str, name: str, options: ModelOptions) -> Network:
    from sepcost.sources.pt2.archive import program_in
    from sepcost.sources.pt2.program import network_of

    return network_of(program_in(path, GraphLimit(options.file.limit)), name, options)


def _of_onnx(path: str, name: str, options: ModelOptions) -> Network:
    with needs("onnx"):
        from sepcost.sources.onnx.program import network_of
        from sepcost.sources.onnx.reading import shaped
    return network_of(shaped(path, options), name)


def _of_tflite(path: str, name: str, options: ModelOptions) -> Network:
    with needs("tflite"):
        from sepcost.sources.tflite.program import network_of
        from sepcost.sources.tflite.reading import model_in
    return network_of(model_in(path, GraphLimit(options.file.limit)), name, options)


EXPORT = "torch.export.save(torch.export.export(model, inputs), FILE) writes one"
PROGRAM_FILES = (
    Programs(".pt2", "exported program", EXPORT, _of_pt2),
    Programs(".onnx", "ONNX model", "export it again", _of_onnx),
    Programs(".tflite", "TensorFlow Lite model", "convert it again", _of_tflite),
)
"""Programs in files; what reads them is imported when there is such a file."""
SOURCES: tuple[Source, ...] = (OBJECTS, *PROGRAM_FILES, WEIGHTS, MODELS, COSTS, CONFIGS)
"""The first source that can read what is given reads it."""


def read(
    sources: Iterable[Any], options: ModelOptions | None = None, *, once: bool = False
) -> Iterator[Item | ConfigError | Notice]:
    """The networks of sources, or what is wrong with them, one by one.

    >>> [item.name for item in read(["configs/vgg16.yaml", [{"H": 8, "C": 3, "K": 3, "O": 8}]])]
    ['VGG-16', 'network']

    ``once``: a file or a model that is given twice, under whatever name, is read once.
    """
    seen: set[str] = set()
    for source in sources:
        try:
            for given in opened(unless_shipped(Given(source))):
                if not isinstance(given, Given):
                    yield given
                elif not (once and given.is_named and absolute(given.name) in seen):
                    seen |= {absolute(given.name)} if once and given.is_named else set()
                    yield from _read(given, options or ModelOptions())
        except ConfigError as error:
            yield error


def read_one(source: Any, options: ModelOptions | None = None) -> Item:
    """The only network of a source; a ConfigError with all its problems, or as soon as there is a second network."""
    problems: list[ConfigProblem] = []
    items: list[Item] = []
    for item in read([source], options):
        problems += item.problems if isinstance(item, ConfigError) else ()
        items += [item] if isinstance(item, Item) else ()
        if len(items) > 1:
            raise ConfigError.of(Given(source).name, "holds more than one network: sepcost.load_all loads them all")
    if problems:
        raise ConfigError(problems)
    return items[0]


def options_in_python(
    inputs: Any,
    device: str,
    run_models: bool,
    *sources: Any,
    fold_norms: bool = False,
    file: ProgramOptions = USUAL,
) -> ModelOptions:
    """How models run, and programs are read, for a caller in Python; a SepcostError for what no source takes."""
    given = list(map(Given, sources))
    are_programs = any(each.is_named and is_program(each.value) for each in given)
    options = ModelOptions.of(
        inputs, device, run_models=run_models, fold_norms=fold_norms, file=file, any_name=are_programs
    )
    what = f"{_shown(sources[0])} is not one" if sources else "none is given"
    is_model = are_programs or any(each.names_model or each.is_module for each in given)
    if options.inputs != () and not run_models and not is_model:
        weights = next((each.name for each in given if each.is_named and is_weights(each.value)), None)
        raise SepcostError(f"inputs are for a model, and {f'{weights} {HOLDS_WEIGHTS}' if weights else what}")
    if file.typed and not are_programs:
        raise SepcostError(f"{file.typed} are for a program in a file, such as .onnx, and {what}")
    return options


def _folded(item: Item | ConfigError) -> Item | ConfigError:
    """The item, with its norms folded; a ConfigError if it was counted earlier."""
    if not isinstance(item, Item):
        return item
    if item.earlier is not None:
        return ConfigError.of(
            item.file, f"{item.name}: was counted earlier: leave out --fold-norms, or give its config"
        )
    try:
        item.fold_norms()
    except NetworkError as error:
        return item.located(error)
    return item


def _shown(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else in_one_line(as_text(value, repr), 60)


def _read(given: Given, options: ModelOptions) -> Iterator[Item | ConfigError]:
    try:
        for source in SOURCES:
            items = source.read(given, options)
            if items is not None:
                yield from map(_folded, items) if options.fold_norms else items
                return
    except ConfigError as error:
        yield error
        return
    forms = ", ".join(source.takes for source in SOURCES if source.takes)
    raise SepcostError(f"a source is one of: {forms}; got {_shown(given.value)}")
