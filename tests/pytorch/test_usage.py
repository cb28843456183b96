"""What a model's code does with its convolutions, watched by a patch that other tools' patches outlive."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from sepcost.pytorch.convolutions.usage import Usage
from sepcost.pytorch.tracing.trace import trace

IMAGE = torch.zeros(1, 3, 8, 8)


@pytest.fixture
def another_tools_patch() -> Iterator[Any]:
    def patched(module: Any, name: str) -> Any:
        return "theirs" if name == "of_another_tool" else nn.Module.__getattr__(module, name)

    _ConvNd.__getattr__ = patched  # type: ignore[method-assign]
    yield patched
    del _ConvNd.__getattr__


def test_what_another_tool_has_put_there_works_meanwhile_and_is_put_back(another_tools_patch: Any) -> None:
    conv: Any = nn.Conv2d(3, 8, 3)
    with Usage() as usage, Usage() as inner:
        assert conv.of_another_tool == "theirs"
        assert conv.weight.shape == (8, 3, 3, 3)
        with pytest.raises(AttributeError):
            conv.missing  # noqa: B018
    assert usage.reasons == inner.reasons == {conv: "its weight is read from outside"}
    assert vars(_ConvNd)["__getattr__"] is another_tools_patch
    trace(nn.Sequential(conv), [IMAGE])
    assert vars(_ConvNd)["__getattr__"] is another_tools_patch


def test_what_another_tool_puts_over_it_stays() -> None:
    conv: Any = nn.Conv2d(3, 8, 3)
    with Usage():
        covered = vars(_ConvNd)["__getattr__"]

        def patched(module: Any, name: str) -> Any:
            return "theirs" if name == "of_another_tool" else covered(module, name)

        _ConvNd.__getattr__ = patched  # type: ignore[method-assign]
    try:
        assert vars(_ConvNd)["__getattr__"] is patched
        with Usage() as usage:
            conv(IMAGE)
            assert conv.of_another_tool == "theirs"
        assert usage.reasons == {}
        assert vars(_ConvNd)["__getattr__"] is patched
    finally:
        del _ConvNd.__getattr__


def test_in_threads_it_is_there_until_the_last_one_leaves() -> None:
    convs: list[Any] = [nn.Conv2d(3, 8, 3) for _ in range(8)]
    found: list[str] = []
    entered, read = Barrier(len(convs), timeout=60), Barrier(len(convs), timeout=60)

    def watched(conv: Any) -> None:
        with Usage() as usage:
            entered.wait()
            conv.weight  # noqa: B018
            read.wait()
        found.append(usage.reasons[conv])

    threads = [Thread(target=watched, args=(conv,)) for conv in convs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(convs)
    assert "__getattr__" not in vars(_ConvNd)
