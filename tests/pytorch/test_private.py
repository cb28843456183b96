"""What torch does not document and sepcost uses: where torch changes it, a test says what changed and who needs it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import tests.commands

SOURCES = tests.commands.ROOT / "sepcost"
NAMES = {
    "torch._C._has_storage": "private.py: sparse tensors are in no memory",
    "torch._ops.HigherOrderOperator": "recorder.py: an operator that runs functions hides what it counts",
    "torch._ops.OpOverload._can_decompose": "recorder.py: what torch takes apart is counted in its parts",
    "torch._ops.OpOverload.decompose": "recorder.py: what torch takes apart is counted in its parts",
    "torch.multiprocessing.reductions.StorageWeakRef": "flow.py, unseen.py: the number of freed memory is kept",
    "torch.nn.modules.conv._ConvNd": "eligibility.py, usage.py: what a convolution is, and who reads its weight",
    "torch.nn.modules.conv._ConvNd._get_name": "eligibility.py: a subclass may override it",
    "torch.nn.modules.lazy.LazyModuleMixin": "eligibility.py: a lazy module is not replaced",
    "torch.nn.parameter.is_lazy": "ledger.py, placement.py: a lazy parameter has no shape",
    "torch.ops.higher_order.cond": "recorder.py: of its branches, the larger one is counted",
    "torch.utils._python_dispatch.TorchDispatchMode": "recorder.py: sees every operator",
    "torch.utils.flop_counter.flop_registry": "recorder.py, uncounted.py: what torch's counter counts",
    "torch.compiler.set_stance": "compiler.py: compiled code runs as it was written",
}
"""What torch must have, and who needs it."""
ATTRIBUTES: dict[str, tuple[Callable[[], object], str]] = {
    "mod_tracker": (lambda: FlopCounterMode(display=False), "trace.py: counts by module are not asked for"),
    "flop_counts": (lambda: FlopCounterMode(display=False), "recorder.py: whether torch.cond counts both branches"),
    "_modules": (nn.Module, "captures.py: the modules that a copy copies"),
    "_buffers": (nn.Module, "eligibility.py: what a convolution also holds"),
    "_parameters": (nn.Module, "eligibility.py: what a convolution also holds"),
    "_compiled_call_impl": (nn.Module, "captures.py: no copy has it"),
    "_version": (lambda: torch.zeros(1), "recorder.py: a norm follows a convolution only if nothing wrote in between"),
    "_reversed_padding_repeated_twice": (lambda: nn.Conv2d(1, 1, 1), "replacing.py: what pads which side"),
    "_overloadpacket": (lambda: torch.ops.aten.add.Tensor, "recorder.py: which operator an overload is of"),
    "_qualified_op_name": (lambda: torch.ops.aten.add, "uncounted.py, quantized.py: the operator's namespace"),
}
"""What instances must have, and who needs it."""


def _walk(dotted: str) -> object:
    return reduce(getattr, dotted.split(".")[1:], torch)


@pytest.mark.parametrize(("dotted", "user"), NAMES.items())
def test_torch_has_the_name(dotted: str, user: str) -> None:
    module = dotted.rpartition(".")[0]
    with suppress(ImportError):  # it is a class
        __import__(module)
    try:
        _walk(dotted)
    except AttributeError as error:
        pytest.fail(f"torch {torch.__version__} has no {dotted} any more ({error}); in sepcost/pytorch, {user}")


@pytest.mark.parametrize(("name", "made", "user"), [(name, *found) for name, found in ATTRIBUTES.items()])
def test_what_torch_makes_has_the_attribute(name: str, made: Callable[[], object], user: str) -> None:
    found = made()
    kind = type(found).__name__
    assert hasattr(found, name), f"torch {torch.__version__}: {kind} has no {name} any more; in sepcost/pytorch, {user}"


@pytest.fixture
def private() -> Any:
    """Imported where a test runs, so that the tests above run even if it cannot be imported."""
    from sepcost.pytorch import private

    return private


def changed(what: str, user: str) -> str:
    return f"torch {torch.__version__}: {what}; in sepcost/pytorch, {user}"


def test_modules_and_parameters_keep_their_hooks_there(private: Any) -> None:
    module: Any = nn.Conv2d(1, 1, 1)
    weight: Any = module.weight
    register: dict[str, Callable[[], Any]] = {
        "_forward_pre_hooks": lambda: module.register_forward_pre_hook(lambda *given: None),
        "_forward_hooks": lambda: module.register_forward_hook(lambda *given: None),
        "_backward_pre_hooks": lambda: module.register_full_backward_pre_hook(lambda *given: None),
        "_backward_hooks": lambda: module.register_full_backward_hook(lambda *given: None),
        "_state_dict_pre_hooks": lambda: module.register_state_dict_pre_hook(lambda *given: None),
        "_state_dict_hooks": lambda: module.register_state_dict_post_hook(lambda *given: None),
        "_load_state_dict_pre_hooks": lambda: module.register_load_state_dict_pre_hook(lambda *given: None),
        "_load_state_dict_post_hooks": lambda: module.register_load_state_dict_post_hook(lambda *given: None),
    }
    assert set(register) == set(private.HOOKS)
    on_parameter: dict[str, Callable[[], Any]] = {
        "_backward_hooks": lambda: weight.register_hook(lambda gradient: None),
        "_post_accumulate_grad_hooks": lambda: weight.register_post_accumulate_grad_hook(lambda parameter: None),
    }
    assert set(on_parameter) == set(private.PARAMETER_HOOKS)
    for holder, found in ((module, register), (weight, on_parameter)):
        for name, add in found.items():
            add()
            why = changed(f"{type(holder).__name__} does not keep such hooks in {name}", "eligibility.py, captures.py")
            assert len(getattr(holder, name, None) or ()) == 1, why


def test_an_operator_is_known_by_its_packet_and_its_namespace(private: Any) -> None:
    packet = private.packet_of(torch.ops.aten.add.Tensor)
    assert packet is torch.ops.aten.add, changed("an overload does not know its operator", "recorder.py")
    why = changed("an operator's name has another form", "uncounted.py, quantized.py")
    assert private.qualified_name(packet) == "aten::add", why


def test_schemas_say_what_an_operator_writes_over(private: Any) -> None:
    one, other, two = torch.zeros(2), torch.ones(2), [torch.zeros(2), torch.zeros(2)]
    aten = torch.ops.aten
    calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], list[Any]]] = [
        (aten.add.Tensor, (one, other), {}, []),
        (aten.add_.Tensor, (one, other), {}, [one]),
        (aten.add.out, (one, one), {"out": other}, [other]),
        (aten.sort.values, (one,), {"values": other, "indices": one}, [other, one]),
        (aten._foreach_mul_.Scalar, (two, 2.0), {}, [two]),
        (getattr(aten, "__lshift__").Scalar, (one, 1), {}, []),  # noqa: B009
    ]
    for func, args, options, expected in calls:
        found = private.written(func, args, options)
        why = changed(f"the schema of {func} marks other arguments", "flow.py: which maps are written over")
        assert [id(each) for each in found] == [id(each) for each in expected], why


def test_torch_decomposes_what_it_says_it_can(private: Any) -> None:
    linear, addmm = torch.ops.aten.linear.default, torch.ops.aten.addmm.default
    why = changed("_can_decompose answers otherwise", "recorder.py: products would be counted twice, or not at all")
    assert (private.can_decompose(linear), private.can_decompose(addmm)) == (True, False), why
    out = linear.decompose(torch.ones(2, 3), torch.ones(4, 3))
    assert out.shape == (2, 4), changed("decompose does not run the operator", "recorder.py")


def test_a_memory_has_one_number_which_is_not_used_again(private: Any) -> None:
    tensor = torch.zeros(4, 4)
    key = private.memory_key(tensor)
    why = changed("views have another _cdata than their tensor", "ledger.py: parameters would be counted twice")
    assert key == private.memory_key(tensor.t()) == private.memory_key(tensor[1:].detach()), why
    assert key != private.memory_key(tensor.clone()), changed("a copy has the _cdata of its original", "ledger.py")
    memory = private.Memory(tensor)
    assert not memory.is_gone, changed("StorageWeakRef takes what is there for freed", "flow.py: what lives to the end")
    del tensor
    assert memory.is_gone, changed(
        "StorageWeakRef does not say that memory was freed", "flow.py: what lives to the end"
    )
    others = [torch.zeros(4, 4) for _ in range(1000)]
    why = changed("StorageWeakRef does not keep the number from being used again", "flow.py, unseen.py")
    assert key not in map(private.memory_key, others), why


def test_sparse_tensors_have_no_memory() -> None:
    dense, sparse = torch.eye(2), torch.eye(2).to_sparse()
    why = changed("_has_storage answers otherwise", "private.py")
    assert (torch._C._has_storage(dense), torch._C._has_storage(sparse)) == (True, False), why


def test_writes_are_counted_outside_of_inference_mode(private: Any) -> None:
    why = changed("_version does not count writes", "recorder.py: a norm would go to the wrong convolution")
    assert private.times_written(torch.zeros(3).add_(1).mul_(2)) == 2, why
    with torch.inference_mode():
        assert private.times_written(torch.zeros(3).add_(1)) == 0


def test_a_module_holds_what_is_none_as_well(private: Any) -> None:
    module = nn.Module()
    module.register_buffer("buffer", None)
    module.register_parameter("parameter", None)
    module.register_module("module", None)
    why = changed("a module holds its members elsewhere", "eligibility.py, replacing.py")
    assert list(private.held_names(module)) == ["buffer", "module", "parameter"], why


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_convolution_knows_how_it_pads_each_side(rank: int, private: Any) -> None:
    conv = getattr(nn, f"Conv{rank}d")(3, 8, 3, padding=tuple(range(1, rank + 1)))
    expected = [side for side in range(rank, 0, -1) for _ in range(2)]
    why = changed("a convolution pads otherwise than it says", "replacing.py: padding_mode")
    assert list(private.padded_sides(conv)) == expected, why


def test_parameters_are_read_through_getattr(private: Any) -> None:
    why = changed("a convolution does not read its weight through Module.__getattr__", "usage.py: who reads a weight")
    assert "weight" not in vars(nn.Conv2d(1, 1, 1)), why
    assert not hasattr(private.ConvModule, "weight"), why


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_module_is_made_of_these(private: Any) -> None:
    compiled: Any = torch.compile(nn.ReLU())
    itself = nn.ReLU()
    itself.compile()
    why = changed("torch.compile makes something else of a module", "captures.py, loading.py")
    assert {*vars(compiled), *dict(compiled.named_children())} >= private.OF_COMPILED, why
    assert isinstance(getattr(compiled, private.ORIGINAL), nn.ReLU), why
    assert callable(getattr(itself, private.COMPILED_CALL)), why


def test_torch_asks_for_functions_to_be_left_alone_as_it_did(private: Any) -> None:
    from torch import _compile

    source = inspect.getsource(_compile)
    why = changed("functions are left alone in another way", "compiler.py: the compiler would be imported")
    assert f'"{private.DISABLED}"' in source, why
    assert f"import {private.COMPILER}\n" in source, why
    assert f"{private.COMPILER}.disable(fn, recursive, wrapping=False)" in source, why


def test_errors_name_the_meta_device_as_they_did(private: Any) -> None:
    on_meta = torch.zeros(1, device="meta")
    calls: list[Callable[[], object]] = [
        lambda: on_meta.item(),
        lambda: on_meta + torch.zeros(2, 2),
        lambda: on_meta.nonzero(),
        lambda: on_meta.tolist(),
        lambda: bool(on_meta[0]),
    ]
    for call in calls:
        with pytest.raises((RuntimeError, TypeError, ValueError)) as raised:
            call()
        why = changed(f"an error of the meta device says {raised.value}", "placement.py, loading.py: what helps")
        assert private.NAMES_META.search(str(raised.value)), why


def test_an_operator_that_no_mode_can_run_is_no_result(private: Any) -> None:
    from torch._higher_order_ops import while_loop

    def run() -> Any:
        again: Any = while_loop
        return again(lambda number: number < 3, lambda number: (number + 1,), (torch.tensor(0),))

    user = "running.py: a message says what helps"
    with FlopCounterMode(display=False):
        assert run() is NotImplemented, changed("its counter answers otherwise where it cannot run while_loop", user)
    with pytest.raises(TypeError) as raised, FlopCounterMode(display=False), torch.device("cpu"):
        run()
    why = changed(f"an operator that no mode can run raises {raised.value}", user)
    assert any(said in str(raised.value) for said in private.NOT_IN_MODES), why


def test_every_operator_that_is_named_is_one_of_torchs() -> None:
    for file in sorted(SOURCES.glob("pytorch/**/*.py")):
        for found in re.finditer(r"\b(aten|quantized)\.([a-z_]\w*)", file.read_text()):
            namespace, name = found.groups()
            why = changed(f"there is no operator {namespace}.{name} any more", file.name)
            assert hasattr(getattr(torch.ops, namespace), name), why


def test_the_message_and_the_extra_name_the_same_versions() -> None:
    from sepcost.errors import INSTALL

    extra = re.search(r'^torch = \["(.*)"\]$', (tests.commands.ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert extra is not None
    assert f"pip install '{extra[1]}'" == INSTALL


OWN = {"self", "cls", "sys", "aten", "quantized"}
"""Of these, names with an underscore are sepcost's, Python's, or operators."""
OF_TUPLES = {"_replace", "_fields", "_asdict"}


def _privates(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names with an underscore that code reads of what is not its own, and where."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in OF_TUPLES:
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if owner not in OWN:
                yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            names = (*(node.module or "").split("."), *(alias.name for alias in node.names))
            yield from ((node.lineno, name) for name in names if _is_private(name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in private_texts():
            yield node.lineno, node.value


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def private_texts() -> set[str]:
    """The private names that private.py has as texts."""
    tree = ast.parse((SOURCES / "pytorch" / "private.py").read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if text.startswith("_") and text.isidentifier()}


def test_private_names_are_in_one_file() -> None:
    found: list[str] = []
    for file in sorted(Path(SOURCES).glob("pytorch/**/*.py")):
        if file.name != "private.py":
            found += [f"{file.name}:{line}: {name}" for line, name in _privates(ast.parse(file.read_text()))]
    assert found == [], "private names of torch belong in sepcost/pytorch/private.py"
