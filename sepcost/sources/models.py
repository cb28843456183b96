"""Models on the command line: a text such as pkg.nets:UNet becomes a network, by running the model once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sepcost.count.comparison import Comparison
from sepcost.errors import ConfigError, ModelError, NetworkError, SepcostError
from sepcost.network.network import Network
from sepcost.text.input_text import InputTexts, read_inputs
from sepcost.text.model_text import Device, ModelText, is_model_text
from sepcost.text.wording import in_one_line

if TYPE_CHECKING:
    from torch import nn

    from sepcost.count.verification import Mismatch
    from sepcost.network.lines import Lines
    from sepcost.pytorch.models.inputs import Inputs


@dataclass(frozen=True)
class ModelOptions:
    """How models are run: on which inputs, on which device, and whether configs may name them."""

    inputs: InputTexts = ()
    device: Device = "meta"
    from_configs: bool = False

    @classmethod
    def read(
        cls, inputs: Sequence[str] | None, device: str, from_configs: bool, sources: Sequence[str], batch: str = "1"
    ) -> ModelOptions:
        """Read the options; raises ModelError for an input that is none, or that no source would take."""
        try:
            read = read_inputs(inputs or ())
        except ModelError as error:
            raise ModelError(f"--input {error}") from None
        if inputs and not from_configs and not any(map(is_model_text, sources)):
            what = f"{sources[0]} is none (--run-models runs those that configs name)" if sources else "none is given"
            raise ModelError(f"--input {inputs[0]} is for a model, and {what}")
        if isinstance(read, ModelText) and batch != "1":
            raise SepcostError(f"--input {read} and --batch {batch} contradict each other: its inputs have their batch")
        return cls(read, "cpu" if device == "cpu" else "meta", from_configs)


class LoadedModel:
    """A model's network and the model, which can be replaced and counted again; ``named`` is where its code is."""

    def __init__(
        self, network: Network, model: nn.Module, inputs: Inputs, device: Device, named: ModelText | None = None
    ) -> None:
        self.network = network
        self.model = model
        self.inputs = inputs
        self.device = device
        self.named = named

    def located(self, error: NetworkError) -> ConfigError:
        """What went wrong with the network later on, under the model's name."""
        return ConfigError.of(self.network.source or "", str(error))

    def lines(self) -> Lines:
        """A model stands in no file that a line could be of."""
        from sepcost.network.lines import Lines

        return Lines(0, {}, {})

    def recounted(self, comparison: Comparison) -> list[Mismatch]:
        """Replace the model's convolutions for real and run it: what differs from what was predicted."""
        from sepcost.pytorch.models.loading import importable
        from sepcost.pytorch.running.recount import recounted

        with importable(self.named) if self.named else nullcontext():
            return recounted(self.model, comparison, self.inputs, self.device)


def read_model(text: str, options: ModelOptions) -> LoadedModel:
    """Load and run the model; raises ConfigError with what is wrong, MissingTorchError where there is no torch."""
    try:
        return run_model(ModelText.parse(text), options.inputs, options.device)
    except ModelError as error:
        raise ConfigError.of(text, reason(text, error)) from None


def run_model(named: ModelText, inputs: InputTexts | Inputs, device: Device) -> LoadedModel:
    """Load and run the model; raises ModelError, and MissingTorchError where there is no torch.

    Raises MiscountError where the layers don't add up to torch's own count.
    """
    from sepcost.pytorch.running.running import as_network, load_and_trace

    ran = load_and_trace(named, inputs, device=device)
    network = replace(as_network(ran, str(named), device), source=str(named))
    return LoadedModel(network, ran.model, ran.inputs, device, named)


def reason(text: str, error: ModelError) -> str:
    """What the error says of the model of that name, without the name."""
    return str(error).removeprefix(f"{text}: ").removeprefix(f"{in_one_line(text)}: ")
