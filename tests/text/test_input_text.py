"""Texts that describe inputs."""

from __future__ import annotations

import pytest

from sepcost.errors import ModelError
from sepcost.text.input_text import DTYPES, InputText


@pytest.mark.parametrize(
    ("text", "name", "shape", "dtype"),
    [
        ("3x224x224", None, (3, 224, 224), "float32"),
        ("image=1×64×64", "image", (1, 64, 64), "float32"),
        ("tokens=77:int64", "tokens", (77,), "int64"),
        ("1x2x3x4x5x6", None, (1, 2, 3, 4, 5, 6), "float32"),
        ("5:bool", None, (5,), "bool"),
        ("t=scalar:int64", "t", (), "int64"),
        ("scalar", None, (), "float32"),
    ],
)
def test_a_text_is_read(text: str, name: str | None, shape: tuple[int, ...], dtype: str) -> None:
    assert InputText.parse(text) == InputText(name, shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_read_and_written(dtype: str) -> None:
    assert InputText.parse(str(InputText("x", (3, 4), dtype))) == InputText("x", (3, 4), dtype)


ALL = ", ".join(DTYPES[:-1]) + f" and {DTYPES[-1]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing: the shape must be whole numbers, as in 3x224x224, got nothing"),
        ("x=", "x=: the shape must be whole numbers, as in 3x224x224, got nothing"),
        ("3x", "3x: the shape must be whole numbers, as in 3x224x224, got 3x"),
        ("3,224,224", "3,224,224: the shape must be whole numbers, as in 3x224x224, got 3,224,224"),
        ("3x-1", "3x-1: the shape must be whole numbers, as in 3x224x224, got 3x-1"),
        ("3x1_0", "3x1_0: the shape must be whole numbers, as in 3x224x224, got 3x1_0"),
        ("3x0x4", "3x0x4: every size must be at least 1, got 3x0x4"),
        ("my image=3x4", "my image=3x4: my image is no name of a parameter"),
        ("=3x4", "=3x4: nothing is no name of a parameter"),
        ("a=b=3", "a=b=3: a=b is no name of a parameter"),
        ("77:int46", "77:int46: there is no dtype int46; did you mean `int64`?"),
        ("77:", f"77:: names no dtype; there are {ALL}"),
        ("77:x", f"77:x: there is no dtype x; there are {ALL}"),
    ],
)
def test_a_text_that_describes_none_is_refused_with_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        InputText.parse(text)
    assert str(caught.value) == message
