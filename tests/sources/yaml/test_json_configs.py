"""JSON is YAML but for surrogates, and a line of it is a document wherever YAML has one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepcost.sources.yaml.configs import Loaded, read_networks
from sepcost.sources.yaml.translating.named_model import NamedModel


def config(name: str, *, indent: int | None = None) -> str:
    """Escaped as JSON writers do, surrogates included."""
    return json.dumps({"name": name, "input": {"C": 3, "H": 8}, "layers": [{"K": 3, "O": 8}]}, indent=indent)


def read(text: str) -> Iterator[str]:
    """The name of each network and model, or what is wrong with it."""
    for item in read_networks(text.encode().splitlines(keepends=True), "net"):
        if isinstance(item, Loaded):
            yield item.network.name
        else:
            yield item.name if isinstance(item, NamedModel) else str(item)


@pytest.mark.parametrize(
    "before",
    [
        "---\n",
        "# a comment\n",
        "# one\n\n# two\n---\n",
        "%YAML 1.2\n---\n",
        "--- # and this\n",
        "\ufeff---\n",
        "---\r\n",
    ],
)
def test_a_line_of_json_behind_a_marker_or_a_comment(before: str) -> None:
    assert list(read(f"{before}{config('a')}")) == ["a"]
    assert list(read(f"{before}{config('a 🎉')}\n---\n{config('b')}\n...\n{config('c 🎉')}\n")) == ["a 🎉", "b", "c 🎉"]


def test_a_wrong_line_before_a_line_of_json_is_still_one_of_json_lines() -> None:
    assert list(read(f"{config('a')[:-1]}\n{config('b')}\n"))[1:] == ["b"]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20),
    st.sampled_from([None, 2]),
)
def test_any_name_is_read_as_json_reads_it(name: str, indent: int | None) -> None:
    assert list(read(config(f"-{name}-🎉", indent=indent))) == [f"-{name}-🎉"]


def test_a_backslash_and_letters_are_no_surrogate() -> None:
    assert list(read(config(r"\ud83c\udf89 🎉 \ud83c"))) == [r"\ud83c\udf89 🎉 \ud83c"]


def test_errors_behind_a_pair_keep_their_column() -> None:
    text = config('🎉🎉 " 🎉').replace('"O": 8', '"O": 0')
    assert list(read(text)) == [f"net:1:{text.index('0}') + 1}: layers[0].O: must be at least 1, got 0"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("alone", [r"\ud83c", r"\udf89", r"\uDF89\uD83C", r"\ud83c\ud83c", r"\ud83c \udf89"])
def test_half_a_character_is_an_error_at_its_place(alone: str, indent: int | None) -> None:
    text = config("🎉 x", indent=indent).replace("x", alone)
    lines = text.split("\n")
    number = next(number for number, line in enumerate(lines) if alone in line)
    (message, following) = read(f"---\n{text}\n---\n{config('b')}\n")
    place = f"net:{number + 2}:{lines[number].rindex(alone) + 1}"
    assert message == f"{place}: {alone[:6]} is half of a character: the other half must follow"
    assert following == "b"


DEEP = {
    "signs": f"a:f({'-' * 900}x)",
    "names": f"a:f{'.x' * 5000}",
    "brackets": f"a:f({'[' * 900}{']' * 900})",
    "open brackets": f"a:f({'[' * 900})",
    "sums": f"a:f({'1+' * 5000}x)",
    "signs of megabytes": f"a:f({'-' * 1_000_000}x)",
}


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("key", ["model", "input"])
def test_a_model_text_that_is_nested_deep_is_its_documents_error(deep: str, key: str) -> None:
    document = {"model": "a:f", "input": "3x4", key: deep}
    texts = [config("a"), "".join(f'{name}: "{text}"\n' for name, text in document.items()), config("b")]
    before, message, after = read("\n---\n".join(texts))
    assert (before, after) == ("a", "b")
    assert message.startswith(f"net:{3 if key == 'model' else 4}:8: {key}: ")
    assert len(message) < 200


def test_a_line_of_json_that_is_nested_deep_is_an_error_of_its_own() -> None:
    before, message, after = read(f"{config('a')}\n{'[' * 100_000}{']' * 100_000}\n{config('b')}\n")
    assert (before, after) == ("a", "b")
    assert message.startswith("net:2:")
    assert message.endswith(": is nested more than 64 deep")
