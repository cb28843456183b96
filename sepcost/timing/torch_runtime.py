"""torch as a runtime: layers as its modules, run eagerly, and timed with its own clock."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from timeit import Timer
from typing import Any

import torch
from torch import nn
from torch.utils import benchmark

from sepcost.errors import SepcostError
from sepcost.layers import Layer
from sepcost.pytorch.models.tensors import tensors_in
from sepcost.pytorch.modules import build
from sepcost.targets.setup import Setup
from sepcost.text.wording import did_you_mean, in_one_line, listed
from sepcost.timing import machine
from sepcost.timing.clock import Contender
from sepcost.timing.memory import keep_freed_memory
from sepcost.timing.runtime import bare, refuse_other_shape

DTYPES = ("float32", "bfloat16", "float16", "float64")
DEVICES = ("cpu", "cuda", "mps")
MEMORY_FORMATS = ("contiguous", "channels_last")
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""By the number of a tensor's axes; one of fewer has only one format."""
MOST_NOISE = 2**21
"""Random numbers that are different."""
WARM_UP = 0.5
"""Seconds of work after which the clock of a GPU is as high as it will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchRuntime:
    """Runs layers, or a whole module, eagerly: in inference mode, or with ``backward`` in both directions.

    >>> from sepcost import Conv
    >>> runtime = TorchRuntime(threads=1)
    >>> contender = runtime.contender([Conv((8, 8), 3, 16, 3)])
    >>> runtime.seconds(contender, 2) > 0
    True

    Times have the caches warm, and the device is waited for at both ends. Raises SepcostError for what torch does not
    have here.
    """

    threads: int = 1
    dtype: str = "float32"
    memory_format: str = "contiguous"
    batch: int = 1
    device: str = "cpu"
    backward: bool = False

    def __post_init__(self) -> None:
        keep_freed_memory()
        for name, known in (("dtype", DTYPES), ("memory_format", MEMORY_FORMATS), ("device", DEVICES)):
            value = getattr(self, name)
            if value not in known:
                hint = did_you_mean(value, known)
                raise SepcostError(
                    f"--{name.replace('_', '-')}: torch is timed with {listed(known, 'or')}, got {value}{hint}"
                )
        missing = {"cuda": not torch.cuda.is_available(), "mps": not torch.backends.mps.is_available()}
        if missing.get(self.device):
            raise SepcostError(f"--device: torch has no {self.device} here")

    @property
    def setup(self) -> Setup:
        """What decides its times."""
        on_cpu, on_cuda = self.device == "cpu", self.device == "cuda"
        return Setup(
            runtime="torch",
            version=torch.__version__.partition("+")[0],
            device=self.device,
            processor=torch.cuda.get_device_name() if on_cuda else machine.processor(),
            instructions=torch.backends.cpu.get_cpu_capability() if on_cpu else "",
            system=machine.system(),
            threads=self.threads,
            dtype=self.dtype,
            memory_format=self.memory_format,
            batch=self.batch,
            tf32=on_cuda and self.dtype == "float32" and torch.backends.cudnn.allow_tf32,
            backward=self.backward,
        )

    def contender(self, layers: Sequence[Layer], times: int = 1) -> Contender:
        """One pass through layers that follow each other, with random weights, on random input.

        They are without norms and activations. Its first run is made, and its output's shape is checked.
        """
        timed, batch = list(map(bare, layers)), self.batch * times
        try:
            parts = [build(layer, device="meta") for layer in timed]
            module = nn.Sequential(*parts) if len(parts) > 1 else parts[0]
            run = self.module_contender(*_with_noise(module, batch, *timed[0].input_shape))
            refuse_other_shape(self._first(run).shape, timed, batch)
        except (RuntimeError, MemoryError, OverflowError) as error:
            raise SepcostError(f"torch cannot run it: {in_one_line(str(error) or 'no memory', 120)}") from None
        return run

    def module_contender(self, module: nn.Module, *inputs: Any, **named: Any) -> Contender:
        """One pass through a module, which is moved to the device, and gets the dtype and the memory format."""
        if self.device == "cuda":
            _warm_up()
        module = module.to(self.device, getattr(torch, self.dtype))
        placed, by_name = self._placed(inputs), self._placed(named)
        for parameter in module.parameters():
            parameter.data = self._formatted(parameter.data)
        if not self.backward:
            module.eval()
            return lambda: module(*placed, **by_name)
        tensors = (*tensors_in((placed, by_name)), *module.parameters())
        wanted = [tensor.requires_grad_() for tensor in tensors if tensor.is_floating_point()]

        def both_directions() -> Any:
            output = module(*placed, **by_name)
            ends = [tensor for tensor in tensors_in(output) if tensor.requires_grad]
            torch.autograd.grad(ends, wanted, [torch.ones_like(end) for end in ends], allow_unused=True)
            return output

        return both_directions

    def seconds(self, contender: Contender, runs: int) -> float:
        """The seconds of this many runs; torch has its own number of threads again afterwards."""
        with benchmark.set_torch_threads(self.threads), torch.inference_mode(not self.backward):
            return Timer(contender, timer=benchmark.timer).timeit(runs)

    def _first(self, contender: Contender) -> Any:
        outputs: list[Any] = []
        with warnings.catch_warnings():  # torch pads an even kernel in a copy, and says so once
            warnings.simplefilter("ignore")
            self.seconds(lambda: outputs.append(contender()), 1)
        return outputs[0]

    def _placed(self, value: Any) -> Any:
        """The same with each tensor in it on the device."""
        if isinstance(value, torch.Tensor):
            dtype = getattr(torch, self.dtype) if value.is_floating_point() else None
            return self._formatted(value.to(self.device, dtype))
        if isinstance(value, dict):
            return {name: self._placed(each) for name, each in value.items()}
        return type(value)(map(self._placed, value)) if isinstance(value, (tuple, list)) else value

    def _formatted(self, tensor: torch.Tensor) -> torch.Tensor:
        known = self.memory_format == "channels_last" and tensor.dim() in CHANNELS_LAST
        return tensor.contiguous(memory_format=CHANNELS_LAST[tensor.dim()]) if known else tensor


def _with_noise(module: nn.Module, *shape: int) -> tuple[nn.Module, torch.Tensor]:
    """A module without weights, with random ones, and a random input of this shape, from -0.5 to 0.5.

    They are slices of the same numbers, side by side: made once, where filling them takes longer than running.
    """
    weights = dict(module.named_parameters())
    counts = [prod(shape), *(parameter.numel() for parameter in weights.values())]
    inputs, *slices = torch.split(_numbers(1 << sum(counts).bit_length())[: sum(counts)], counts)
    own = {name: each.view(parameter.shape) for (name, parameter), each in zip(weights.items(), slices)}
    module.load_state_dict(own, assign=True)
    return module, inputs.view(shape)


@cache
def _numbers(count: int) -> torch.Tensor:
    """Seeded random numbers, of which the first few million repeat."""
    different = torch.rand(min(count, MOST_NOISE), generator=torch.Generator().manual_seed(0)) - 0.5
    return different.repeat(count // len(different))


@cache
def _warm_up() -> None:
    """Keep the GPU busy, once, until its clock has risen."""
    factor = torch.rand(2048, 2048, device="cuda")
    started = benchmark.timer()
    while benchmark.timer() - started < WARM_UP:
        factor.matmul(factor)
