"""Whatever bytes come in, a network or messages come out: never another exception, and soon."""

from __future__ import annotations

import contextlib
import io
import random
import time

from hypothesis import example, given
from hypothesis import strategies as st

from sepcost import ConfigError, compare, scale
from sepcost.errors import SepcostError
from sepcost.sources.yaml.configs import Loaded, read_networks
from sepcost.sources.yaml.translating.named_model import NamedModel
from tests.commands import ROOT

SEEDS = [
    file.read_bytes()
    for folder in ("configs", "tests/configs/valid", "tests/configs/models")
    for file in (ROOT / folder).glob("*.yaml")
]
WORDS = [
    b"layers", b"input", b"defaults", b"replace", b"name", b"type", b"conv", b"linear", b"pool", b"flatten", b"K", b"O",
    b"C", b"H", b"W", b"size", b"stride", b"padding", b"same", b"from", b"add", b"repeat", b"global", b"true", b"3",
    b"0", b"-1", b"3x3", b"[", b"]", b"{", b"}", b": ", b", ", b"- ", b"\n", b"\n  ", b"&a ", b"*a", b"<<", b"'", b'"',
    b"!!int ", b"---\n", b"...\n", b"? ", b"| ", b"> ", b"%YAML 1.1\n", b"\t", b"\xff", b"\xc3", b"\0", b"#",
    b"99999999999", b"model", b"a.b:c(3)",
]  # fmt: skip
LONGEST = 5.0
"""Seconds that no small input may take, on however slow a machine: a bound on hanging, not a measurement."""


def judged(data: bytes) -> None:
    """Read, compare and scale whatever there is; anything but a SepcostError fails the test."""
    start = time.monotonic()
    for item in read_networks(io.BytesIO(data), "fuzz.yaml"):
        if isinstance(item, ConfigError):
            assert item.problems
            assert all(problem.line >= 1 and problem.column >= 1 for problem in item.problems)
            continue
        if isinstance(item, NamedModel):
            continue
        assert isinstance(item, Loaded)
        if len(item.network) < 1000:
            with contextlib.suppress(SepcostError):
                compare(item.network)
                compare(scale(item.network, alpha="0.3", rho="0.7"))
    assert time.monotonic() - start < LONGEST


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf")
@example(b"\xfe\xff\0a")
@example(b"a: !<x> b")
def test_random_bytes(data: bytes) -> None:
    judged(data)


@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_random_words(words: list[bytes]) -> None:
    judged(b"".join(words))


@given(st.integers(0, 2**32))
def test_mutated_configs(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(1, 12)):
        place = chance.randrange(len(data) + 1)
        action = chance.randrange(4)
        if action == 0:
            data[place:place] = chance.choice(WORDS)
        elif action == 1:
            del data[place : place + chance.randrange(1, 20)]
        elif action == 2:
            data[place : place + 1] = bytes([chance.randrange(256)])
        else:
            other = chance.choice(SEEDS)
            data[place:place] = other[chance.randrange(len(other)) :][: chance.randrange(1, 80)]
    judged(bytes(data))
