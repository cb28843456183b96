"""Models by their names: a text such as pkg.nets:UNet becomes a network, by running the model once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from sepcost.count.comparison import Comparison
from sepcost.errors import ConfigError, ModelError
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.source import Given, Item
from sepcost.text.model_text import Device, ModelText
from sepcost.text.wording import in_one_line

if TYPE_CHECKING:
    from torch import nn

    from sepcost.count.verification import Mismatch
    from sepcost.pytorch.models.inputs import Inputs
    from sepcost.text.input_text import InputTexts


class LoadedModel(Item):
    """A model's network and the model, which can be replaced and counted again; ``named`` is where its code is."""

    def __init__(
        self, network: Network, model: nn.Module, inputs: Inputs, device: Device, named: ModelText | None = None
    ) -> None:
        super().__init__(network)
        self.model = model
        self.inputs = inputs
        self.device = device
        self.named = named

    @property
    def is_model(self) -> bool:
        return True

    def recounted(self, comparison: Comparison) -> list[Mismatch]:
        """Replace the model's convolutions for real and run it: what differs from what was predicted."""
        from sepcost.pytorch.models.loading import importable
        from sepcost.pytorch.running.recount import recounted

        with importable(self.named) if self.named else nullcontext():
            return recounted(self.model, comparison, self.inputs, self.device)


class Models:
    """Models by the texts that name them."""

    takes = "a model's name"

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item] | None:
        """The model, after one run; None unless the text names one."""
        if not given.names_model:
            return None
        try:
            return iter([run_model(ModelText.parse(given.value), options.inputs, options.device)])
        except ModelError as error:
            raise ConfigError.of(given.value, reason(given.value, error)) from None


MODELS = Models()


def run_model(named: ModelText, inputs: InputTexts | Inputs, device: Device) -> LoadedModel:
    """Load and run the model; raises ModelError, and MissingTorchError where there is no torch.

    Raises MiscountError where the layers don't add up to torch's own count.
    """
    from sepcost.pytorch.running.running import as_network, load_and_trace

    ran = load_and_trace(named, inputs, device=device)
    network = replace(as_network(ran, str(named), device), source=str(named))
    return LoadedModel(network, ran.model, ran.inputs, device, named)


def reason(text: str, error: ModelError) -> str:
    """The message of the error without the model's name."""
    return str(error).removeprefix(f"{text}: ").removeprefix(f"{in_one_line(text)}: ")
