"""Layers that torch runs: they are the layers that were asked for, and torch is left as it was."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from sepcost import Conv, Linear, SepcostError
from sepcost.blocks.blocks import separable
from sepcost.layers import Layer
from sepcost.timing.torch_runtime import TorchRuntime

CONV = Conv((9, 8), 4, 6, 3, stride=2, norm="batch", activation="relu", bias=True)
KINDS: list[Sequence[Layer]] = [
    [CONV],
    [Conv((7,), 4, 6, 4)],
    [Conv((7, 8), 4, 6, 4, stride=2)],
    [Conv((3, 4, 5), 4, 6, 3, groups=2)],
    [Conv((7, 8), 4, 6, 3, stride=2, transposed=True)],
    [Linear(10, 3, bias=True)],
    [part for _, part in separable(CONV)],
]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
@pytest.mark.parametrize("layers", KINDS)
def test_each_kind_of_layer_runs(layers: Sequence[Layer], memory_format: str, backward: bool) -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    runtime = TorchRuntime(threads=threads + 1, batch=2, memory_format=memory_format, backward=backward)
    assert runtime.seconds(runtime.contender(layers), 1) > 0
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_what_runs_has_the_dtype_the_memory_format_and_the_threads_and_no_norm_or_activation() -> None:
    runtime = TorchRuntime(threads=3, dtype="bfloat16", memory_format="channels_last", batch=2)
    module, seen = torch.nn.Conv2d(4, 6, 3, padding=1), []

    def look(_: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        seen.append((inputs[0].dtype, torch.get_num_threads(), output.is_inference()))
        assert inputs[0].is_contiguous(memory_format=torch.channels_last)
        assert module.weight.is_contiguous(memory_format=torch.channels_last)

    module.register_forward_hook(look)
    runtime.seconds(runtime.module_contender(module, torch.rand(2, 4, 8, 8)), 2)
    assert seen == [(torch.bfloat16, 3, True)] * 2


def test_backward_gives_every_gradient_and_keeps_none() -> None:
    module, calls = torch.nn.Linear(3, 2), []
    module.register_full_backward_hook(lambda *_: calls.append(1))
    runtime = TorchRuntime(backward=True)
    runtime.seconds(runtime.module_contender(module, torch.rand(1, 3)), 2)
    assert (calls, module.weight.grad) == ([1, 1], None)


def test_the_device_is_waited_for_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda: happened.append("wait"))
    TorchRuntime().seconds(lambda: happened.append("run"), 3)
    assert happened == ["wait", "run", "run", "run", "wait"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": "int8"}, "--dtype: torch is timed with float32, bfloat16, float16 or float64, got int8"),
        ({"device": "gpu"}, "--device: torch is timed with cpu, cuda or mps, got gpu"),
        ({"memory_format": "channel_last"}, "got channel_last; did you mean `channels_last`?"),
    ],
)
def test_what_torch_does_not_have_is_one_line(settings: dict[str, str], message: str) -> None:
    with pytest.raises(SepcostError, match="torch is timed with") as error:
        TorchRuntime(**settings)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_what_does_not_fit_into_memory_is_one_line() -> None:
    with pytest.raises(SepcostError, match=r"torch cannot run it: .*(memory|size)"):
        TorchRuntime(batch=2**40).contender([Linear(2**20, 1)])


def test_the_setup_names_what_runs() -> None:
    setup = TorchRuntime(threads=2, dtype="float64", batch=4).setup
    assert (setup.runtime, setup.device, setup.threads, setup.dtype, setup.batch) == ("torch", "cpu", 2, "float64", 4)
    assert torch.__version__.startswith(setup.version)
    assert setup.processor
    assert not setup.tf32
