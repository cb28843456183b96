"""The functions that most people need: load networks, compare their costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sepcost.blocks.replacements import ReplaceIf
from sepcost.errors import ConfigError
from sepcost.layers.conv import Norm
from sepcost.layers.cost import Convention
from sepcost.network.network import Network
from sepcost.network.scaling import Factor, scale
from sepcost.tasks.python_words import in_python_words, reworded
from sepcost.text.arguments import Extent

if TYPE_CHECKING:
    from sepcost.sources.source import AnyDtype, AnySource, Item
    from sepcost.tasks.figures import AnyTarget
    from sepcost.tasks.replacement_texts import AnyReplacement
    from sepcost.tasks.result import Result

NOT_RUN = "names code, which is not run from here: sepcost.compare(…, run_models=True) runs it"


@in_python_words()
def load(
    source: AnySource,
    *,
    inputs: Any = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
    alpha: Factor = 1,
    rho: Factor = 1,
    resolution: Extent | int | None = None,
) -> Network:
    """The network that a YAML file describes, or a shipped one by its name, scaled by multipliers if they are given.

    >>> net = load("mobilenet_v1", alpha="0.5")
    >>> net.name, len(net)
    ('MobileNet v1', 16)

    Text in several lines is YAML itself, and a dict or a list has the form of a document. ``alpha`` and ``rho`` are
    read as exact decimals; ``resolution`` is the input's size in pixels. A file with several documents holds several
    networks: use ``sepcost.load_all`` for those. Raises ConfigError with every problem of the file; NetworkError where
    the scaled layers do not fit together.
    """
    from sepcost.sources.model_options import ProgramOptions
    from sepcost.sources.registry import options_in_python, read_one  # needs libraries that counting does not
    from sepcost.sources.source import in_python

    source = in_python(source)
    file = ProgramOptions.of(dims, values, graph_limit)
    options = options_in_python(inputs, "meta", False, source, file=file)
    network = read_one(source, replace(options, refusal=NOT_RUN)).network
    return scale(network, alpha=alpha, rho=rho, resolution=resolution)


def load_all(
    source: AnySource | Sequence[AnySource],
    *,
    inputs: Any = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
) -> Iterator[Network | ConfigError]:
    """The networks of files and folders, one by one as they are read; a bad document is a ConfigError among them.

    >>> [net.name for net in load_all("configs/vgg16.yaml") if isinstance(net, Network)]
    ['VGG-16']

    So is one that names a model, which does not run from here, and costs from earlier, of which only the figures are
    known. ``source`` may be a list of sources; ``inputs`` are as ``compare`` takes them.
    """
    from sepcost.sources.model_options import ProgramOptions
    from sepcost.sources.registry import options_in_python, read
    from sepcost.sources.source import Item, several_in_python

    with in_python_words():
        sources = several_in_python(source)
        file = ProgramOptions.of(dims, values, graph_limit)
        options = options_in_python(inputs, "meta", False, *sources, file=file)
        for item in read(sources, replace(options, refusal=NOT_RUN)):
            if isinstance(item, Item):
                yield _network_of(item)
            elif isinstance(item, ConfigError):
                yield reworded(item)


def _network_of(item: Item) -> Network | ConfigError:
    try:
        return item.network
    except ConfigError as error:
        return error


@in_python_words()
def compare(
    source: AnySource | None = None,
    replacements: AnyReplacement | Sequence[AnyReplacement] | None = None,
    *,
    inputs: Any = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    graph_limit: int | str | None = None,
    device: str = "meta",
    flops_per_mac: int = 1,
    batch: int = 1,
    dtype: AnyDtype = None,
    verify: bool = False,
    replace_if: str = "always",
    run_models: bool = False,
    fold_norms: bool = False,
    target: AnyTarget = None,
    bias: bool | None = None,
    norm: Norm = "none",
    transposed: bool = False,
    **numbers: Any,
) -> Result:
    """What a convolution, a network, a file or a model costs, and would cost with its convolutions replaced.

    >>> from sepcost import Conv
    >>> result = compare(Conv((112, 112), in_channels=32, out_channels=64, kernel_size=3))
    >>> result.standard.cost.macs, result.totals["separable"].cost.macs
    (231211008, 29302784)
    >>> print(str(compare(C=64, K=3, O=128)).splitlines()[0])
    3×3 convolution, 64 → 128 channels, per output position (no bias)
    >>> two = compare(load("configs/mobilenet_v1.yaml"), ["separable", "blueprint"])
    >>> f"{two.totals['separable'].cost.macs:,}"
    '568,740,352'
    >>> net = {"input": {"C": 3, "H": 32}, "layers": [{"K": 3, "O": 8}, {"K": 3, "O": 16}]}
    >>> compare(net, []).standard.cost.params
    1368

    ``source`` may also be the name of a file, a dict or a list in the form of a YAML document, a ``torch.nn.Module``,
    or a model's name on the command line, such as ``"net.py:build"``, whose code is run. A model runs on ``inputs``: a
    text or texts, as ``--input`` takes them; a shape or shapes, without the batch, as in ``(3, 224, 224)``; or, for
    your own inputs, whatever a function of ``--input`` may return (docs/models.md). It runs on ``device``, meta or
    cpu. A module is copied, and stays as it is. Of a program in a file (docs/files.md), ``inputs`` are shapes,
    ``dims`` the sizes of symbols, ``values`` those of scalar inputs. Without a source, ``C``, ``K``, ``O`` and the
    rest are numbers of one convolution, as ``sweep`` takes them: without ``H`` or ``size`` it is counted per position
    of a map.

    ``replacements`` are what ``-r`` takes, such as ``"separable:multiplier=2"``; without them the network's own,
    or ``separable``; none at all for ``[]``. A dict, or the name of its YAML file, is a plan: ``{"layer3.*":
    "separable:multiplier=2", "stem": "none"}``. With ``replace_if="fewer-macs"`` a layer whose replacement would not
    have fewer MACs is kept. Counts are per sample, in MACs and exact; ``batch`` and ``dtype``, such as ``"float16"``,
    say how bytes are counted; without a dtype, a model's are its own. With ``verify`` torch counts again, and the
    result's ``verified`` says what it confirms. With a ``target`` (its name, its file, or a Profile) times are
    predicted, too. The result shows itself as a table in a terminal and in a notebook. Raises SepcostError for whatever
    is wrong, MissingTorchError where there is no torch for a model or to verify with.
    """
    from sepcost.sheets.view import View
    from sepcost.sources.model_options import ProgramOptions
    from sepcost.sources.registry import options_in_python, read_one
    from sepcost.sources.source import in_python
    from sepcost.tasks.figures import asked_target
    from sepcost.tasks.given_convolution import one_convolution
    from sepcost.tasks.job import Job
    from sepcost.tasks.replacement_texts import replacements_in_python
    from sepcost.tasks.result import Result
    from sepcost.tasks.verifier import asked_verifier

    chosen, condition = replacements_in_python(replacements), ReplaceIf.read(replace_if)
    convention = Convention.asked(flops_per_mac, batch, dtype)
    given, item = one_convolution(source, numbers, bias, norm, transposed), None
    if source is not None:
        source = in_python(source)
        file = ProgramOptions.of(dims, values, graph_limit)
        options = options_in_python(inputs, device, run_models, source, fold_norms=fold_norms, file=file)
        item = read_one(source, options)
    profile = asked_target(target, condition)
    job = Job(chosen, convention, replace_if=condition, verifier=asked_verifier(verify), target=profile)
    comparison = job.compare((given or item).network)  # type: ignore[union-attr]  # one of them is there
    job.refuse_unmatched([comparison.network])
    view = View(fixed=given.sweep.fixed if given else {}, timed=profile is not None)
    return Result.over(job.verified(comparison, item), view=view, assumed=given.assumed if given else ())
