"""Models on the command line: a text such as pkg.nets:UNet becomes a network, by running the model once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from sepcost.cli.streams import config_error
from sepcost.comparison import Comparison
from sepcost.errors import ConfigError, MiscountError, ModelError, NetworkError
from sepcost.input_text import InputText
from sepcost.model_text import Device, ModelText, is_model_text
from sepcost.network import Network
from sepcost.wording import in_one_line

if TYPE_CHECKING:
    from torch import nn

    from sepcost.lines import Lines
    from sepcost.pytorch.tracing import Trace
    from sepcost.verification import Mismatch


@dataclass(frozen=True)
class ModelOptions:
    """How models are run: on which inputs, on which device, and whether configs may name them."""

    inputs: tuple[InputText, ...] = ()
    device: Device = "meta"
    from_configs: bool = False

    @classmethod
    def read(
        cls, inputs: Sequence[str] | None, device: str, from_configs: bool, sources: Sequence[str]
    ) -> ModelOptions:
        """Read the options; raises ModelError for an input that is none, or that no source would take."""
        try:
            parsed = tuple(map(InputText.parse, inputs or ()))
        except ModelError as error:
            raise ModelError(f"--input {error}") from None
        if parsed and not from_configs and not any(map(is_model_text, sources)):
            what = f"{sources[0]} is none (--run-models runs those that configs name)" if sources else "none is given"
            raise ModelError(f"--input {parsed[0]} is for a model, and {what}")
        return cls(parsed, "cpu" if device == "cpu" else "meta", from_configs)


class LoadedModel:
    """A model's network and the model, which can be replaced and counted again."""

    def __init__(self, network: Network, model: nn.Module, inputs: Sequence[InputText], device: Device) -> None:
        self.network = network
        self.model = model
        self.inputs = inputs
        self.device = device

    def located(self, error: NetworkError) -> ConfigError:
        """What went wrong with the network later on, under the model's name."""
        return config_error(self.network.source or "", str(error))

    def lines(self) -> Lines:
        """A model stands in no file that a line could be of."""
        from sepcost.lines import Lines

        return Lines(0, {}, {})

    def recounted(self, comparison: Comparison) -> list[Mismatch]:
        """Replace the model's convolutions for real and run it: what differs from what was predicted."""
        from sepcost.pytorch.recount import recounted

        return recounted(self.model, comparison, self.inputs, self.device)


def read_model(text: str, options: ModelOptions) -> LoadedModel:
    """Load and run the model; raises ConfigError with what is wrong, MissingTorchError where there is no torch."""
    try:
        return run_model(ModelText.parse(text), options.inputs, options.device)
    except ModelError as error:
        raise config_error(text, reason(text, error)) from None


def run_model(named: ModelText, inputs: Sequence[InputText], device: Device) -> LoadedModel:
    """Load and run the model; raises ModelError, and MissingTorchError where there is no torch.

    Raises MiscountError where the layers don't add up to torch's own count.
    """
    text = str(named)
    from sepcost.pytorch.running import load_and_trace

    model, traced = load_and_trace(named, inputs, device=device)
    uncounted = {_where(*place): many for place, many in traced.uncounted.items()}
    network = replace(traced.network, name=text, source=text, uncounted=uncounted)
    if not network.nodes:
        raise ModelError("runs nothing that counts: no operator with MACs, and it has no params")
    if not traced.agrees:
        raise MiscountError(f"{text}: {_difference(traced)}: please report it")
    return LoadedModel(network, model, inputs, device)


def reason(text: str, error: ModelError) -> str:
    """What the error says of the model of that name, without the name."""
    return str(error).removeprefix(f"{text}: ").removeprefix(f"{in_one_line(text)}: ")


def _difference(traced: Trace) -> str:
    """What the layers add up to, and what torch says."""
    ours = reduce(add, (node.cost for node in traced.network))
    both = (("MACs", ours.macs, traced.macs), ("params", ours.params, traced.params))
    told = [f"{mine:,} {name}, and torch counts {theirs:,}" for name, mine, theirs in both if mine != theirs]
    return f"the layers have {'; '.join(told)}"


def _where(path: str, operator: str) -> str:
    return f"{operator} in {path}" if path else operator
