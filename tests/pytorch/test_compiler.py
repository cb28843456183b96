"""The command leaves torch's compiler out, unless somebody else asks for it; a library call leaves it as it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from tests.commands import Run

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


FRESH = get_context("forkserver")
FRESH.set_forkserver_preload(["torch", "sepcost.cli.app"])
"""Processes that have imported torch, and never the compiler."""


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., Run]:
    """Code as the main module of a fresh process."""

    def fresh(*parts: str) -> Run:
        out, err = tmp_path / "out", tmp_path / "err"
        process = FRESH.Process(target=run_as_main, args=("".join(map(dedent, parts)), out, err))
        process.start()
        process.join(300)
        assert process.exitcode is not None, "it does not end"
        return Run(process.exitcode, out.read_text(), err.read_text())

    return fresh


def run_as_main(code: str, out: Path, err: Path) -> None:
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(code, vars(main))


def test_the_command_does_not_import_the_compiler_which_works_after(python: Callable[..., Run]) -> None:
    not_there = 'assert "torch._dynamo" not in sys.modules\n'
    done = python(COUNT, 'count("Net", "--verify")\n', not_there, ASKED_AGAIN, COMPILE, 'count("Net")\n')
    assert done.code == 0, done.err
    assert done.out.count(COUNTED) == 2, done.err


def test_a_variable_turns_that_off(python: Callable[..., Run]) -> None:
    switch = 'import os\nos.environ["SEPCOST_COMPILER"] = "1"\n'
    done = python(switch, COUNT, 'count("Net")\n', 'assert hasattr(sys.modules["torch._dynamo"], "__file__")\n')
    assert (done.code, done.out.count(COUNTED)) == (0, 1), done.err


def test_a_library_call_has_the_compiler_itself(python: Callable[..., Run]) -> None:
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
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "wanted",
    [
        "from torch._dynamo.decorators import graph_break",
        "import torch; torch.compile(lambda image: image + 1, backend='eager')(image)",
        "import torch; torch.cond(torch.tensor(True), torch.sin, torch.cos, (image,))",
        "import torch; assert hasattr(torch._dynamo.disable(lambda: 1, reason='why'), '_torchdynamo_disable')",
    ],
)
def test_a_model_that_wants_the_compiler_gets_it(python: Callable[..., Run], wanted: str) -> None:
    of_its_own = f"""
    class Own(Net):
        def forward(self, image):
            out = super().forward(image)
            {wanted}
            return out
    """
    done = python(COUNT, of_its_own, 'count("Own")\n', 'assert "torch._dynamo" in sys.modules\n', COMPILE)
    assert done.code == 0, done.err
    assert COUNTED in done.out, done.err


@pytest.mark.parametrize(
    "imports",
    [
        "import torch._dynamo as found",
        "import torch; found = torch._dynamo",
        "from torch._dynamo import disable; found = sys.modules[disable.__module__]",
    ],
)
def test_another_thread_never_sees_what_is_in_its_place(python: Callable[..., Run], imports: str) -> None:
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
    assert done.code == 0, done.err
    name = "torch._dynamo.decorators" if "disable" in imports else "torch._dynamo"
    assert f"found False ('{name}', True)" in done.err


def test_what_the_compiler_does_not_have_is_missing_as_ever(python: Callable[..., Run]) -> None:
    of_its_own = """
    class Own(Net):
        def forward(self, image):
            import torch._dynamo.nonsense

    count("Own")
    """
    done = python(COUNT, of_its_own)
    assert "ModuleNotFoundError: No module named 'torch._dynamo.nonsense'" in done.err
