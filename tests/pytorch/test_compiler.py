"""The command leaves torch's compiler out, unless somebody else asks for it; a library call leaves it as it is."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

COUNT = """
    import sys
    import torch
    from contextlib import suppress
    from threading import Thread
    from torch import nn
    from sepcost.cli import main

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)

        def forward(self, image):
            return self.norm(self.conv(image))

    def run(*arguments):
        sys.argv = ["sepcost", *arguments]
        with suppress(SystemExit):
            main()

    def count(name, *options):
        run("compare", f"__main__:{name}", "--input", "3x10x10", "-r", "none", *options)
"""
COUNTED = "13,824"
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


def test_the_command_does_not_import_the_compiler_which_works_after() -> None:
    not_there = 'assert "torch._dynamo" not in sys.modules\n'
    done = python(COUNT, 'count("Net", "--verify")\n', not_there, ASKED_AGAIN, COMPILE, 'count("Net")\n')
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(COUNTED) == 2, done.stderr


def test_a_variable_turns_that_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEPCOST_COMPILER", "1")
    done = python(COUNT, 'count("Net")\n', 'assert hasattr(sys.modules["torch._dynamo"], "__file__")\n')
    assert (done.returncode, done.stdout.count(COUNTED)) == (0, 1), done.stderr


def test_a_library_call_has_the_compiler_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    of_its_own = """
    class Own(Net):
        def forward(self, image):
            assert sys.modules["torch._dynamo"].__file__, "it is none"
            return super().forward(image)

    import warnings
    from sepcost import compare
    from sepcost.cli.app import run as in_process
    warnings.simplefilter("error")
    assert compare(Net(), [], inputs="3x10x10", verify=True).verified.mismatches == ()
    assert compare(Own(), [], inputs="3x10x10").standard.cost.macs == 13824
    assert in_process(["compare", "__main__:Own", "--input", "3x10x10"]) == 0
    """
    done = python(COUNT, of_its_own, COMPILE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "wanted",
    [
        "from torch._dynamo.decorators import graph_break",
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
    assert COUNTED in done.stdout, done.stderr


@pytest.mark.parametrize(
    "imports",
    [
        "import torch._dynamo as found",
        "import torch; found = torch._dynamo",
        "from torch._dynamo import disable; found = sys.modules[disable.__module__]",
    ],
)
def test_another_thread_never_sees_what_is_in_its_place(imports: str) -> None:
    of_its_own = f"""
    class Own(Net):
        def forward(self, image):
            out = super().forward(image)
            here = "torch._dynamo" in sys.modules and hasattr(sys.modules["torch._dynamo"], "__file__")
            thread = Thread(target=self.imports)
            thread.start()
            thread.join()
            print("found", here, self.found)
            return super().forward(out.new_zeros(1, 3, 4, 4)).sum() + out

        def imports(self):
            {imports}
            self.found = found.__name__, hasattr(found, "__file__")

    count("Own")
    """
    done = python(COUNT, of_its_own)
    assert done.returncode == 0, done.stderr
    name = "torch._dynamo.decorators" if "disable" in imports else "torch._dynamo"
    assert f"found False ('{name}', True)" in done.stderr


def test_what_the_compiler_does_not_have_is_missing_as_ever() -> None:
    of_its_own = """
    class Own(Net):
        def forward(self, image):
            import torch._dynamo.nonsense

    count("Own")
    """
    done = python(COUNT, of_its_own)
    assert "ModuleNotFoundError: No module named 'torch._dynamo.nonsense'" in done.stderr
