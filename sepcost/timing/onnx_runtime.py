"""ONNX Runtime: layers as ONNX models, one session each, with all its optimizations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from timeit import Timer
from typing import Any

import numpy as np
import onnxruntime

from sepcost.errors import SepcostError
from sepcost.layers import Layer
from sepcost.targets.setup import Setup
from sepcost.text.wording import in_one_line
from sepcost.timing import machine
from sepcost.timing.clock import Contender
from sepcost.timing.onnx_file import INPUT, OUTPUT, onnx_model
from sepcost.timing.runtime import bare, refuse_other_shape

DEVICE, SILENT = "cpu", 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxRuntime:
    """Runs layers in ONNX Runtime's own CPU kernels, in float32.

    >>> from sepcost import Conv
    >>> runtime = OnnxRuntime(threads=1)
    >>> runtime.seconds(runtime.contender([Conv((8, 8), 3, 16, 3)]), 2) > 0
    True

    Each contender is a session of its own. Where ONNX Runtime keeps maps in blocks of channels inside of a network, a
    session also makes these of its input, and its output of these. Raises SepcostError for other dtypes and devices.
    """

    threads: int = 1
    dtype: str = "float32"
    memory_format: str = "contiguous"
    batch: int = 1
    device: str = DEVICE
    backward: bool = False

    def __post_init__(self) -> None:
        usual = {"dtype": "float32", "memory_format": "contiguous", "device": DEVICE}
        for name, only in usual.items():
            if getattr(self, name) != only:
                raise SepcostError(
                    f"--{name.replace('_', '-')}: onnxruntime is timed with {only} only, got {getattr(self, name)}"
                )
        if self.backward:
            raise SepcostError("--backward: onnxruntime has no backward pass")

    @property
    def setup(self) -> Setup:
        """What decides its times."""
        return Setup(
            runtime="onnxruntime",
            version=onnxruntime.__version__,
            processor=machine.processor(),
            instructions=machine.instructions(),
            system=machine.system(),
            threads=self.threads,
            batch=self.batch,
        )

    def contender(self, layers: Sequence[Layer], times: int = 1) -> Contender:
        """One pass through layers that follow each other, with random weights, on random input.

        They are without activations, norms are folded into them, and the output's shape is checked.
        """
        timed, batch = list(map(bare, layers)), self.batch * times
        try:
            binding, run = self._bound(timed, batch)
            run()
        except Exception as error:  # its own errors have no other base
            raise SepcostError(f"onnxruntime cannot run it: {in_one_line(str(error) or 'no memory', 120)}") from None
        refuse_other_shape(binding.get_outputs()[0].shape(), timed, batch)
        return run

    def seconds(self, contender: Contender, runs: int) -> float:
        """The seconds of this many runs."""
        return Timer(contender).timeit(runs)

    def _bound(self, layers: Sequence[Layer], batch: int) -> tuple[Any, Contender]:
        """A session's input and output, which stay where they are, and a run of it."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.force_spinning_stop", "1")  # its threads would disturb the next one
        model = onnx_model(layers, batch).SerializeToString()
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        shape = (batch, *layers[0].input_shape)
        inputs = np.random.default_rng(0).random(shape, np.float32) - np.float32(0.5)
        binding = session.io_binding()
        binding.bind_ortvalue_input(INPUT, onnxruntime.OrtValue.ortvalue_from_numpy(inputs))
        binding.bind_output(OUTPUT, DEVICE)
        return binding, lambda: session.run_with_iobinding(binding)
