"""Counting leaves torch's compiler alone: it is not imported for it, and works as ever afterwards."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

COUNT = """
    import sys
    import torch
    from torch import nn
    from sepcost import Conv
    from sepcost.text.input_text import InputText
    from sepcost.text.model_text import ModelText
    from sepcost.pytorch import TorchWitness
    from sepcost.pytorch.running import load_and_trace

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)

        def forward(self, image):
            return self.norm(self.conv(image))

    def count(name):
        traced = load_and_trace(ModelText.parse(f"__main__:{name}"), [InputText.parse("3x10x10")]).trace
        assert traced.agrees and traced.macs == 8 * 27 * 64, traced
        return traced
"""
COMPILE = """
    net = Net().eval()
    image, graphs = torch.randn(1, 3, 10, 10), []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    with torch.no_grad():
        assert torch.equal(torch.compile(net, backend=backend, fullgraph=True)(image), net(image))
    assert len(graphs) == 1
"""
ASKED_AGAIN = """
    with torch.utils.flop_counter.FlopCounterMode(display=False):
        Net()(torch.zeros(1, 3, 10, 10))
    assert "torch._dynamo" in sys.modules
"""


def python(*parts: str) -> subprocess.CompletedProcess[str]:
    """A fresh one, in which nothing has imported the compiler before."""
    code = "".join(map(dedent, parts))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)


def test_nothing_that_counts_imports_the_compiler_and_it_works_after() -> None:
    not_there = 'assert "torch._dynamo" not in sys.modules\n'
    witness = 'assert TorchWitness().counts(Conv((8, 8), 3, 8, 3, norm="batch")).macs == 13824\n'
    done = python(COUNT, 'count("Net")\n', witness, not_there, ASKED_AGAIN, COMPILE, 'count("Net")\n')
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "wanted",
    [
        "from torch._dynamo.decorators import graph_break",
        "import torch._dynamo.config",
        "import torch; torch._dynamo.config",
        "import torch; torch.compile(lambda image: image + 1, backend='eager')(image)",
        "import torch; torch.cond(torch.tensor(True), torch.sin, torch.cos, (image,))",
        "import torch; assert hasattr(torch._dynamo.disable(lambda: 1, reason='why'), '_torchdynamo_disable')",
    ],
)
def test_a_model_that_wants_the_compiler_gets_it(wanted: str) -> None:
    of_its_own = f"""
    class Own(Net):
        def forward(self, image):
            out = super().forward(image)
            {wanted}
            return out
    """
    done = python(COUNT, of_its_own, 'count("Own")\n', 'assert "torch._dynamo" in sys.modules\n', COMPILE)
    assert done.returncode == 0, done.stderr


def test_what_the_compiler_does_not_have_is_missing_as_ever() -> None:
    inside = """
    from sepcost.pytorch.compiler import without_compiler
    with without_compiler():
        import torch._dynamo.nonsense
    """
    done = python(inside)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'torch._dynamo.nonsense'"
