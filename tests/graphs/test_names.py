"""Names of layers: one for each, in little time."""

from __future__ import annotations

from time import process_time

from sepcost.graphs.names import LayerNames, module_of


def test_many_layers_of_one_name_take_no_hours() -> None:
    names, begin = LayerNames(()), process_time()
    assert [names.own("conv") for _ in range(20_000)][-1] == "conv#20000"
    assert process_time() - begin < 5


def test_a_name_that_an_author_gave_is_left_to_it() -> None:
    names = LayerNames(())
    assert [names.own(name) for name in ("conv", "conv#2", "conv", "conv")] == ["conv", "conv#2", "conv#3", "conv#4"]


def test_a_name_of_many_parts_is_read_once() -> None:
    name, begin = "/weights" * 40_000, process_time()
    assert module_of(name) == ""
    assert module_of(f"{name}x!") == f"{name}x!"
    assert module_of(f"{name}/net/conv/kernel/Conv2D3_dequantize1") == f"{name}/net/conv"
    assert process_time() - begin < 1
