"""Fit: what each layer's replacements keep of its trained kernel, which layers to replace, and the smaller model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from sepcost.blocks.plan import PLAN
from sepcost.blocks.replacements import Replacement
from sepcost.count.comparison import Comparison
from sepcost.errors import SepcostError
from sepcost.guests.apart import apart
from sepcost.layers import Conv
from sepcost.layers.cost import Convention
from sepcost.measured.fits import Alone, Chosen, Scores
from sepcost.network.network import Network
from sepcost.network.selection import Selection
from sepcost.tasks.counting import Counting
from sepcost.tasks.events import Events
from sepcost.tasks.fitted_layers import FittedLayers, Kernel, Limit, plan_of
from sepcost.tasks.result import FitsResult
from sepcost.text.input_text import InputTexts
from sepcost.text.model_text import ModelText
from sepcost.text.units import as_percent
from sepcost.text.wording import counted

if TYPE_CHECKING:
    from torch import nn

    from sepcost.pytorch.models.inputs import Inputs
    from sepcost.pytorch.replacing.data import Batches
    from sepcost.targets.profile import Profile

OWN_WEIGHTS = "weights: as the model's own code makes them (--weights FILE loads trained ones)"


@dataclass
class Trained:
    """A trained model, what it is called with, the data that runs through it, what scores it, and how that is said."""

    name: str
    model: nn.Module
    inputs: Inputs
    batches: Batches | None
    score: Callable[[nn.Module], float] | None
    scored: str | None
    notes: Sequence[str]

    @property
    def data(self) -> str | None:
        """The data and its size, as titles name them."""
        return f"{self.batches.source}, {counted(self.batches.samples, 'sample')}" if self.batches else None


class Small(NamedTuple):
    """A smaller model whose weights were fitted, what its output loses, and what is to be said of distilling."""

    model: nn.Module
    loss: float | None
    notes: Sequence[str] = ()


class Outcome(NamedTuple):
    """What was found; and the smaller model, if one was made, with what it is called with."""

    fits: FitsResult
    small: nn.Module | None = None
    inputs: Inputs = ()


@dataclass
class FitTask:
    """What is fitted to the weights of a model, or of a file.

    With a ``limit``, a plan is chosen from the replacements. ``norms``: batch norms behind replaced layers change their
    variances, too. ``whole``: smaller models are made, not only layers.
    """

    replacements: Sequence[Replacement]
    weights: str | None = None
    inputs: InputTexts | Inputs = ()
    data: ModelText | None = None
    score: ModelText | None = None
    limit: Limit | None = None
    selection: Selection = field(default_factory=Selection)
    norms: bool = True
    distil: int = 0
    seed: int = 0
    device: str = "cpu"
    target: Profile | None = None
    whole: bool = False
    events: Events = field(default_factory=Events)

    def of_model(self, source: ModelText) -> Outcome:
        """Run the code of the model, of the data and of the score, and fit. Raises SepcostError."""
        from sepcost.pytorch.models.loading import importable

        with ExitStack() as stack:
            for text in filter(None, (source, self.data, self.score)):
                stack.enter_context(importable(text))
            stack.enter_context(apart())
            return self._fitted(self._trained(source))

    def of_weights(self) -> Outcome:
        """Fit each kernel in a file of weights, by itself; no code is run. Raises SepcostError."""
        from sepcost.pytorch.running.alone import kernels_alone
        from sepcost.pytorch.weights.network import kernels_of, notes_on
        from sepcost.pytorch.weights.reading import read_weights

        weights = read_weights(str(self.weights))
        network = self.selection.of(kernels_of(weights, weights.source))
        if not network.nodes:
            raise SepcostError(f"{weights.source}: has no kernel of a convolution")
        self._refuse_unmatched(network)
        comparison = Comparison.under_each(self.replacements, network, Convention())
        wanted = [layer.name for layer in comparison.layers if not layer.kept]
        self.events.expect(len(wanted) * len(self.replacements))
        alone = list(kernels_alone(weights.kernels, wanted, self.replacements, self._advance))
        kernels = {name: _kernel(each) for name, each in weights.kernels.items()}
        layers = FittedLayers(comparison, kernels, alone)
        choice = layers.choice(self.limit) if self.limit else None
        chosen = layers.chosen(self.limit, choice, None, choice.counts) if self.limit and choice else None
        rows = [*layers.rows(choice), *layers.totals({})]
        return Outcome(FitsResult(weights.source, rows, chosen=chosen, notes=notes_on(weights)))

    def _refuse_unmatched(self, network: Network) -> None:
        """A SepcostError where a glob that was typed, or is in the plan, matches no convolution."""
        Counting(list(self.replacements), Convention(), selection=self.selection).refuse_unmatched([network])

    def _advance(self, *_: object) -> None:
        self.events.advance(1)

    def _trained(self, source: ModelText) -> Trained:
        from sepcost.pytorch.models.inputs import OwnInputs, function_named, load_inputs, returned
        from sepcost.pytorch.models.loading import loaded
        from sepcost.pytorch.models.placement import moved
        from sepcost.pytorch.replacing.data import Batches, lost
        from sepcost.pytorch.running.scoring import about, scorer
        from sepcost.pytorch.weights.loading import load_into
        from sepcost.pytorch.weights.reading import read_weights

        model = loaded(source, "cpu")
        notes = load_into(model, read_weights(self.weights)) if self.weights else [OWN_WEIGHTS]
        model, batches, score, scored = moved(model, self.device), None, None, None
        inputs: Any = load_inputs(self.inputs) if isinstance(self.inputs, ModelText) else self.inputs
        if self.data is not None:
            function = function_named(self.data, "a function that returns batches of inputs")
            batches = Batches(returned(self.data, function), model, str(self.data))
            lost(model, model, [batches.first])  # raises where nothing can be compared
            inputs = inputs or OwnInputs(str(self.data), *batches.first.cut(batches.first.samples)[0])
        if self.score is not None:
            function = function_named(self.score, "a function that scores a model")
            score, scored = scorer(self.score, function), about(function)
        return Trained(str(source), model, inputs, batches, score, scored, notes)

    def _fitted(self, trained: Trained) -> Outcome:
        comparison = self._compared(trained, self.replacements)
        if not any(isinstance(layer.layer, Conv) for layer in comparison.layers):
            raise SepcostError(f"{trained.name}: has no convolution")
        self._refuse_unmatched(comparison.network)
        kernels = {name: _kernel(each.weight) for name, each in _convolutions(trained.model).items()}
        layers = FittedLayers(comparison, kernels, self._alone(trained, comparison))
        smalls: dict[str, Small] = {}
        chosen, choice = None, None
        if self.limit is not None:
            choice = layers.choice(self.limit)
            small, chosen = self._chosen(trained, layers, self.limit, choice)
            smalls[PLAN] = small
        elif self.whole or trained.batches or trained.score:
            smalls = {each.text: self._small(trained, layers.comparison, each) for each in self.replacements}
        rows = [*layers.rows(choice), *layers.totals({text: small.loss for text, small in smalls.items()})]
        fits = FitsResult(
            self.weights or trained.name,
            rows,
            trained.data,
            chosen,
            self._scores(trained, smalls),
            self.target.name if self.target else None,
            notes=[*trained.notes, *self._notes(trained), *(note for each in smalls.values() for note in each.notes)],
        )
        return Outcome(fits, next(iter(smalls.values())).model if len(smalls) == 1 else None, trained.inputs)

    def _compared(self, trained: Trained, replacements: Sequence[Replacement]) -> Comparison:
        from sepcost.pytorch.running.running import as_network, copy_and_trace

        ran = copy_and_trace(trained.model, trained.inputs, name=trained.name, device="cpu")
        network = self.selection.of(as_network(ran, trained.name, "cpu"))
        comparison = Comparison.under_each(replacements, network, Convention())
        if self.target is None:
            return comparison
        from sepcost.count.timed import targeted  # needs NumPy

        return targeted(comparison, self.target)

    def _alone(self, trained: Trained, comparison: Comparison) -> list[Alone]:
        from sepcost.pytorch.running.alone import fitted_alone
        from sepcost.pytorch.running.recount import replaced_as_compared

        replaced = {each.text: replaced_as_compared(trained.model, comparison, each) for each in self.replacements}
        parts, ways = [len(each.parts) for each in replaced.values()], 1 if self.limit else len(replaced)
        self.events.expect(sum(parts) + (max(parts) + self.distil) * ways)
        found = fitted_alone(trained.model, replaced, trained.batches, norms=self.norms, done=self._advance)
        return [each._replace(layer=each.layer or Conv.type) for each in found]

    def _chosen(self, trained: Trained, layers: FittedLayers, limit: Limit, choice: Any) -> tuple[Small, Chosen]:
        """The smaller model that the plan makes; the model itself where nothing needs to be replaced."""
        plan = plan_of(choice)
        if plan is None:
            small = Small(trained.model, 0.0 if trained.batches else None)
            return small, layers.chosen(limit, choice, small.loss, layers.total())
        comparison = self._compared(trained, [plan])
        small = self._small(trained, comparison, plan)
        after = FittedLayers(comparison, {}, []).total(PLAN)
        return small, layers.chosen(limit, choice, small.loss, after)

    def _small(self, trained: Trained, comparison: Comparison, replacement: Replacement) -> Small:
        """The whole network replaced, fitted and distilled."""
        from sepcost.pytorch.replacing.data import lost
        from sepcost.pytorch.replacing.distilling import distil
        from sepcost.pytorch.running.recount import replaced_as_compared

        replaced, batches = replaced_as_compared(trained.model, comparison, replacement), trained.batches
        replaced.fit(batches, norms=self.norms, done=self._advance)
        if batches is None:
            return Small(replaced.model, None)
        notes = []
        if self.distil and replaced.parts:
            before, after, steps = distil(
                replaced.model, trained.model, batches, steps=self.distil, seed=self.seed, done=self._advance
            )
            losses = " to ".join(as_percent(100 * loss) for loss in (before, after))
            notes.append(f"{replacement.text}: {counted(steps, 'step')} of distilling: loss on held-out data {losses}.")
        return Small(replaced.model, lost(trained.model, replaced.model, batches), notes)

    def _notes(self, trained: Trained) -> Iterator[str]:
        """How layers were fitted to data."""
        from sepcost.pytorch.fitting.moments import LEAST_POSITIONS, POSITIONS_A_NUMBER
        from sepcost.pytorch.replacing.network import BATCH_NORMS

        if trained.batches is None:
            return
        most = f"{LEAST_POSITIONS:,} positions, or {POSITIONS_A_NUMBER} for each number that an output reads"
        yield f"Layers were fitted one after the other, each on at most {most}."
        if any(isinstance(each, BATCH_NORMS) for each in trained.model.modules()):
            variances = "and variances (--no-norms leaves these)" if self.norms else "and keep their variances"
            yield f"Batch norms behind them have new means {variances}."

    def _scores(self, trained: Trained, smalls: Mapping[str, Small]) -> Scores | None:
        if trained.score is None:
            return None
        fitted = {text: trained.score(small.model) for text, small in smalls.items()}
        return Scores(str(self.score), trained.score(trained.model), fitted, trained.scored)


def _convolutions(model: nn.Module) -> dict[str, Any]:
    """The convolutions of a model under the names that a trace gives them."""
    from sepcost.pytorch.private import ConvModule, plain_name

    named = ((plain_name(name) or Conv.type, module) for name, module in model.named_modules())
    return {name: module for name, module in named if isinstance(module, ConvModule)}


def _kernel(weight: Any) -> Kernel:
    squares = float(weight.detach().double().square().sum())
    return Kernel(tuple(weight.shape), squares if isfinite(squares) else 0.0)
