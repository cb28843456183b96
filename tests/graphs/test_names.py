"""Names of layers: one for each, in little time."""

from __future__ import annotations

from time import process_time

from sepcost.graphs.names import LayerNames


def test_many_layers_of_one_name_take_no_hours() -> None:
    names, begin = LayerNames(()), process_time()
    assert [names.own("conv") for _ in range(20_000)][-1] == "conv#20000"
    assert process_time() - begin < 5


def test_a_name_that_an_author_gave_is_left_to_it() -> None:
    names = LayerNames(())
    assert [names.own(name) for name in ("conv", "conv#2", "conv", "conv")] == ["conv", "conv#2", "conv#3", "conv#4"]
