"""Loading: what a text can name, where it is built, and what is said of code that fails."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.pytorch.models.loading import load_model
from sepcost.text.model_text import Device, ModelText

Write = Callable[..., str]

HEAD = "import torch\nfrom torch import nn\n"
NET = f"""{HEAD}
class Net(nn.Module):
    def __init__(self, width=8, *, bias=True):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, bias=bias)
    def forward(self, x):
        return self.conv(x)
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a file into the current folder, which is a new one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    known = set(sys.modules)

    def written(text: str, name: str = "net.py") -> str:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return name

    yield written
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load(text: str, device: Device = "meta") -> nn.Module:
    return load_model(ModelText.parse(text), device=device)


def refusal(text: str, device: Device = "meta") -> str:
    with pytest.raises(ModelError) as caught:
        load(text, device)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def devices(model: nn.Module) -> set[str]:
    return {tensor.device.type for tensor in (*model.parameters(), *model.buffers())}


MORE = """
def build(width):
    return Net(width)
class Nets:
    small = Net(2)
    @classmethod
    def of(cls, width):
        return Net(width)
net = Net(5)
"""


@pytest.mark.parametrize(
    ("attribute", "width"),
    [("Net", 8), ("Net(16, bias=False)", 16), ("build(width=3)", 3), ("Nets.small", 2), ("Nets.of(4)", 4), ("net", 5)],
)
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_classes_factories_and_instances_are_models(write: Write, attribute: str, width: int, device: Device) -> None:
    model = load(f"{write(NET + MORE)}:{attribute}", device)
    assert model.get_submodule("conv").out_channels == width
    assert devices(model) == {device}


def test_the_current_folder_can_be_imported_from(write: Write) -> None:
    write(NET, "sepcost_test_package/nets.py")
    assert isinstance(load("sepcost_test_package.nets:Net"), nn.Module)


def test_a_file_finds_its_own_neighbours_where_others_are_called_the_same(write: Write) -> None:
    before = {"", *sys.path}
    for width in (2, 3):
        write(f"WIDTH = {width}", f"v{width}/sepcost_test_widths.py")
        write(f"from sepcost_test_widths import WIDTH\n{NET}\ndef build(): return Net(WIDTH)", f"v{width}/net.py")
    assert [load(f"v{width}/net.py:build").get_submodule("conv").out_channels for width in (2, 3, 2)] == [2, 3, 2]
    assert {"", *sys.path} == before


def test_a_factory_may_import_when_it_is_called(write: Write) -> None:
    write(NET, "models/sepcost_test_late.py")
    write("def build():\n    from sepcost_test_late import Net\n    return Net()", "models/net.py")
    assert devices(load("models/net.py:build")) == {"meta"}


def test_a_file_is_imported_once(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(f"print('imported')\n{NET}")
    load("net.py:Net")
    load("net.py:Net")
    assert capsys.readouterr().err.count("imported") == 1


def test_nothing_is_allocated(write: Write) -> None:
    write(f"{HEAD}def build(): return nn.Sequential(*[nn.Linear(10**6, 10**6) for _ in range(3)])")
    assert sum(parameter.numel() for parameter in load("net.py:build").parameters()) == 3 * (10**12 + 10**6)


def test_what_is_built_elsewhere_is_moved(write: Write) -> None:
    moved = "self.register_buffer('mean', torch.zeros(3, device='cpu')); self.scales = [torch.ones(1, device='cpu')]"
    write(f"{HEAD}class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        {moved}")
    model = load("net.py:Net")
    assert devices(model) == {"meta"}
    assert model.scales[0].device.type == "meta"  # type: ignore[index]


def test_a_factory_may_compute_with_small_tensors(write: Write) -> None:
    """As those do that spread drop path rates over the layers."""
    rates = "rates = [rate.item() for rate in torch.linspace(0, 1, 3)]"
    write(f"{HEAD}def build():\n    {rates}\n    return nn.Sequential(nn.Linear(10**6, 10**6), nn.Dropout(rates[1]))")
    model = load("net.py:build")
    assert devices(model) == {"meta"}
    assert model[1].p == 0.5  # type: ignore[index]


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_an_instance_stays_as_it_is_and_what_it_shares_is_shared(write: Write, device: Device) -> None:
    tied = (
        "net[1].weight = net[0].weight\nnet[0].weight.requires_grad = False\nwn = nn.utils.weight_norm(nn.Linear(3, 3))"
    )
    write(f"{HEAD}net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.BatchNorm1d(3))\n{tied}")
    copied = load("net.py:net", device)
    file = str(Path("net.py").resolve())
    original = next(module for module in sys.modules.values() if getattr(module, "__file__", None) == file).net
    assert copied[0].weight is copied[1].weight  # type: ignore[index]
    assert [each.requires_grad for each in copied.parameters()] == [
        each.requires_grad for each in original.parameters()
    ]
    assert copied[0].weight is not original[0].weight  # type: ignore[index]
    assert (devices(original), original.training) == ({"cpu"}, True)
    assert devices(load("net.py:wn", device)) == {device}
    if device == "cpu":
        assert torch.equal(copied[0].weight, original[0].weight)  # type: ignore[index]


def test_wrappers_are_taken_off(write: Write) -> None:
    wrapped = "nn.DataParallel(torch.compile(nn.DataParallel(Net())))"
    write(f"{NET}\ndef build(): return {wrapped}\ncompiled = torch.compile(Net())")
    assert type(load("net.py:build")).__name__ == "Net"
    assert type(load("net.py:compiled")).__name__ == "Net"


def test_a_data_parallel_part_calls_its_module_as_it_is(write: Write) -> None:
    as_with_a_gpu = "net = nn.DataParallel(Net())\n    net.device_ids = [0]"
    write(f"{NET}\ndef build():\n    {as_with_a_gpu}\n    return nn.Sequential(net)")
    assert load("net.py:build")[0].device_ids == []  # type: ignore[index]


def test_what_a_model_prints_is_not_for_stdout(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(f"import warnings\nprint('imported')\nwarnings.warn('old')\n{NET}\ndef build(): print('built'); return Net()")
    load("net.py:build")
    assert capsys.readouterr() == ("", "imported\nbuilt\n")


OR = ", or name a function of your own that makes it"
NO_MODEL = "not a PyTorch model"
ON_REAL_MEMORY = "--device cpu runs it on real memory"
NOT_ON_META = "cannot run on the meta device: it asks for the values of tensors, which are not there"
SCRIPTED = "compiled by torch.jit, which cannot be copied to the meta device: name what it is made of"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("f = 3", f"is an int, {NO_MODEL}"),
        ("f = None", f"is None, {NO_MODEL}"),
        ("f = torch.zeros(3, 4)", f"is a tensor of shape (3, 4), {NO_MODEL}"),
        ("f = nn", f"is the Python module torch.nn, {NO_MODEL}"),
        ("f = nn.ReLU().state_dict()", f"is an OrderedDict, {NO_MODEL}"),
        (
            "f = nn.Linear(2, 2).state_dict()",
            f"is an OrderedDict of tensors (weights without their model), {NO_MODEL}",
        ),
        ("def f(): return {'a': 1}", f"makes a dict, {NO_MODEL}"),
        ("def f(): return nn.ReLU(), 3", f"makes a tuple (with a model in it), {NO_MODEL}"),
        ("f = type('Net', (), {'__module__': 'keras.models'})()", f"is a Net of Keras, {NO_MODEL}"),
        (
            "f = type('ExportedProgram', (), {})()",
            f"is an exported program (name the model that it was made of), {NO_MODEL}",
        ),
        ("def f(n): return n", f"f: missing a required argument: 'n'; give it as net.py:f(…){OR}"),
        ("def f(): raise SystemExit", "SystemExit (net.py:3: def f(): raise SystemExit)"),
        (
            "def f(): raise ValueError('no such\\n  depth.')",
            "ValueError: no such depth (net.py:3: def f(): raise ValueError('no such\\n depth.'))",
        ),
        (
            "def f(): return nn.Conv2d(3, 8)",
            "TypeError: Conv2d.__init__() missing 1 required positional argument: 'kernel_size'"
            " (net.py:3: def f(): return nn.Conv2d(3, 8))",
        ),
        (
            "import json\ndef f(): return json.loads('[')",
            "JSONDecodeError: Expecting value: line 1 column 2 (char 1) (net.py:4: def f(): return json.loads('['))",
        ),
        (
            "import os\ndef f(): return os.environ['NOSUCH']",
            "KeyError: 'NOSUCH' (net.py:4: def f(): return os.environ['NOSUCH'])",
        ),
        (
            "def f(): return nn.Linear(3, int(torch.zeros(1)))",
            f"{NOT_ON_META} (net.py:3: def f(): return nn.Linear(3, int(torch.zeros(1)))); {ON_REAL_MEMORY}",
        ),
        (
            "import threading\nf = nn.ReLU()\nf.lock = threading.Lock()",
            "cannot be copied to meta: TypeError: cannot pickle '_thread.lock' object; name what builds it",
        ),
        ("f = torch.jit.script(nn.Linear(3, 3))", f"is {SCRIPTED}, or {ON_REAL_MEMORY}"),
        (
            "g = torch.jit.script(nn.Linear(3, 3))\ndef f(): return nn.Sequential(g)",
            f"its 0 is {SCRIPTED}, or {ON_REAL_MEMORY}",
        ),
    ],
)
def test_what_makes_no_model_is_reported_in_one_line(write: Write, code: str, message: str) -> None:
    write(HEAD + code)
    assert refusal("net.py:f") == f"net.py:f: {message}"


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("net(3)", "net is a model already: leave its arguments away"),
        ("Nett", "net.py has nothing called Nett; did you mean `Net`?"),
        ("NETS", "net.py has nothing called NETS; did you mean `Nets`?"),
        ("Nets.smal", "Nets has nothing called smal; did you mean `small`?"),
        ("xyzzy", "net.py has nothing called xyzzy"),
        ("Net(1, 2)", "Net: too many positional arguments"),
        ("Net(wdth=3)", "Net: got an unexpected keyword argument 'wdth'; did you mean `width`?"),
        ("build", f"build: missing a required argument: 'width'; give it as net.py:build(…){OR}"),
    ],
)
def test_a_name_or_an_argument_that_is_not_there_is_reported(write: Write, attribute: str, message: str) -> None:
    write(NET + MORE)
    assert refusal(f"net.py:{attribute}") == f"net.py:{attribute}: {message}"


def test_the_nearest_of_many_names_is_suggested(write: Write) -> None:
    write("\n".join(f"a{number} = 1" for number in range(200)) + "\nresnet50 = 1")
    assert refusal("net.py:resnet5O") == "net.py:resnet5O: net.py has nothing called resnet5O; did you mean `resnet50`?"


CANNOT = "net.py:f: net.py cannot be imported:"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nosuch", f"{CANNOT} ModuleNotFoundError: No module named 'nosuch' (net.py:1: import nosuch)"),
        ("1\n1 +", f"{CANNOT} SyntaxError: invalid syntax (net.py:2: 1 +)"),
        ("import sys; sys.exit(3)", f"{CANNOT} SystemExit: 3 (net.py:1: import sys; sys.exit(3))"),
        (
            "from . import layers",
            f"{CANNOT} ImportError: attempted relative import with no known parent package"
            " (net.py:1: from . import layers); it is part of a package: name it as PACKAGE.net:f",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_reported_with_its_line(write: Write, code: str, message: str) -> None:
    write(code)
    assert refusal("net.py:f") == message
    write("import torch\nf = torch.nn.ReLU()")
    assert isinstance(load("net.py:f"), nn.Module), "nothing of the failure is remembered"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nosuch.py:f", "there is no file nosuch.py"),
        ("nosuch.nets:f", "there is no module nosuch: is it installed, or in this folder?"),
        ("torch.nosuch:f", "there is no module torch.nosuch: is it installed, or in this folder?"),
        (
            "model.h5:f",
            'is a Keras model: keras.saving.load_model(FILE).export("net.onnx", format="onnx") writes an .onnx,'
            " which sepcost reads",
        ),
    ],
)
def test_a_source_that_is_not_there_is_reported(write: Write, text: str, message: str) -> None:
    assert refusal(text) == f"{text}: {message}"


def test_a_module_that_lacks_another_is_reported_with_its_line(write: Write) -> None:
    write("import nosuch", "sepcost_test_lacking.py")
    assert refusal("sepcost_test_lacking:f") == (
        "sepcost_test_lacking:f: sepcost_test_lacking cannot be imported:"
        " ModuleNotFoundError: No module named 'nosuch' (sepcost_test_lacking.py:1: import nosuch)"
    )


def test_an_interrupt_is_the_users(write: Write) -> None:
    write("def f(): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load("net.py:f")
