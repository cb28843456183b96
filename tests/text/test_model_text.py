"""Texts that name models: what is read, what is refused, and that nothing in them is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sepcost.errors import ModelError
from sepcost.text.foreign import FOREIGN_FORMATS
from sepcost.text.model_text import ModelText, is_model_text


@pytest.mark.parametrize(
    ("text", "source", "attribute", "arguments", "options", "called"),
    [
        ("torchvision.models:resnet50", "torchvision.models", "resnet50", (), {}, False),
        ("mynet.py:build", "mynet.py", "build", (), {}, False),
        ("../nets/my-net.py:Net.small", "../nets/my-net.py", "Net.small", (), {}, False),
        ("timm:create_model('convnext_tiny')", "timm", "create_model", ("convnext_tiny",), {}, True),
        ("m:f()", "m", "f", (), {}, True),
        ("m:f( 1, -2.5, a=[1, (2, 3)], b={'c': 0} )", "m", "f", (1, -2.5), {"a": [1, (2, 3)], "b": {"c": 0}}, True),
        ("m:f('a:b=c', x={1, 2}, y=1+2j)", "m", "f", ("a:b=c",), {"x": {1, 2}, "y": 1 + 2j}, True),
        (r"C:\nets\net.py:build", r"C:\nets\net.py", "build", (), {}, False),
        ("m:f('\\d')", "m", "f", ("\\d",), {}, True),
    ],
)  # fmt: skip
def test_a_text_is_read(
    text: str, source: str, attribute: str, arguments: tuple[object, ...], options: dict[str, object], called: bool
) -> None:
    assert ModelText.parse(text) == ModelText(text, source, attribute, arguments, options, called)
    assert str(ModelText.parse(text)) == text


LITERALS = "literals are numbers, texts in quotes, True, False, None, and lists, tuples, sets and dicts of these"
NEITHER = "is neither a name, as UNet is, nor a call, as build('small') is"
NINES, HEX = "9" * 399, "0x" + "f" * 6000
"""Too large for a float, and for Python to write in decimal digits."""
NO_SOURCE = "is neither a module, as pkg.nets is, nor a file that ends in .py"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timm:create_model(vgg16)", "argument vgg16 is no literal; in quotes it is a text: 'vgg16'"),
        ("m:f(depth=big)", "argument depth=big is no literal; in quotes it is a text: 'big'"),
        ("m:f(2 ** 70)", f"argument 2 ** 70 is no literal; {LITERALS}"),
        ("m:f(1, x=[g()])", f"argument x=[g()] is no literal; {LITERALS}"),
        ("m:f({[]: 1})", f"argument {{[]: 1}} is no literal; {LITERALS}"),
        (f"m:f({NINES}+9j)", f"argument 9999999999…9999999+9j (402 characters) is no literal; {LITERALS}"),
        (f"m:f(x+{HEX})", f"argument x+0xffffff…ffffffffff (6,004 characters) is no literal; {LITERALS}"),
        (f"m:f(**{HEX})", f"argument **0xffffff…ffffffffff (6,004 characters) is no literal; {LITERALS}"),
        ("m:f(*'ab')", f"argument *'ab' is no literal; {LITERALS}"),
        ("m:f(**{'a': 1})", f"argument **{{'a': 1}} is no literal; {LITERALS}"),
        ("m:f(a=1, a=2)", "argument a is given twice"),
        (":build", "names no module: write MODULE:build or FILE.py:build"),
        ("pkg.nets:", "names no model: write pkg.nets:NAME"),
        ("net.py", "names no model: write net.py:NAME"),
        ("pkg..nets:f", f"pkg..nets {NO_SOURCE}"),
        ("nets/net:f", f"nets/net {NO_SOURCE}"),
        ("net.yaml:14", f"14 {NEITHER}"),
        ("m:f(", f"f( {NEITHER}"),
        ("m:f()()", f"f()() {NEITHER}"),
        ("m:f()[0]", f"f()[0] {NEITHER}"),
        ("m:a:b", f"a:b {NEITHER}"),
        ("m:f\0", f"f\0 {NEITHER}"),
        ("m:" + "(" * 5000, f"((((((((((…(((((((((( (5,000 characters) {NEITHER}"),
    ],
)  # fmt: skip
def test_a_text_that_names_no_model_is_refused_with_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        ModelText.parse(text)
    assert str(caught.value) == f"{text}: {message}"


def test_the_message_is_one_line() -> None:
    with pytest.raises(ModelError) as caught:
        ModelText.parse("m:f(\n  x)")
    assert str(caught.value) == "m:f( x): argument x is no literal; in quotes it is a text: 'x'"


def test_nothing_in_a_text_is_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for argument in (f"open({str(made)!r}, 'w')", f"__import__('os').system('touch {made}')"):
        with pytest.raises(ModelError, match="is no literal"):
            ModelText.parse(f"m:f({argument})")
        with pytest.raises(ModelError, match="is neither a name"):
            ModelText.parse(f"m:{argument}.x")
    assert not made.exists()


@pytest.mark.parametrize("suffix", FOREIGN_FORMATS)
def test_files_of_other_kinds_get_a_message_that_says_what_works(suffix: str) -> None:
    for text in (f"models/net{suffix.upper()}", f"models/net{suffix}:build"):
        assert is_model_text(text)
        with pytest.raises(ModelError) as caught:
            ModelText.parse(text)
        assert str(caught.value) == f"{text}: {': '.join(FOREIGN_FORMATS[suffix])}"


def test_a_module_may_be_called_like_such_a_file() -> None:
    assert ModelText.parse("mylib.onnx:build").source == "mylib.onnx"


def test_what_is_a_file_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_model_text("net:small")
    Path("net:small").touch()
    assert not is_model_text("net:small")


@pytest.mark.parametrize(
    "text", ["pkg:Net", "net.py:f('a.yaml')", "net.py", r"C:\net.py:f", ":", "a:\0", "a:" + "b" * 5000]
)
def test_a_source_with_a_colon_is_a_model(text: str) -> None:
    assert is_model_text(text)


@pytest.mark.parametrize(
    "text",
    ["", "-", "net", "net.yaml", "net:small.yaml", "nets/", r"C:\net.yaml", "C:/net.yaml", "https://a.org/b.yaml"],
)
def test_other_sources_are_none(text: str) -> None:
    assert not is_model_text(text)
