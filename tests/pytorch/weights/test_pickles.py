"""Pickles that would be much larger in memory are refused before torch reads them."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
import torch

from sepcost.errors import ModelError
from sepcost.pytorch.weights.pickles import weigh
from sepcost.pytorch.weights.reading import read_weights
from tests.sources.programs import measured

BEGIN = b"\x80\x02"
BYTEARRAY = b"cbuiltins\nbytearray\n"
HUGE = b"\x8a\x05" + (1 << 33).to_bytes(5, "little") + b"\x85R."
DOUBLED = b"X\x01\0\0\0aq\0" + b"".join(b"h%ch%c\x86q%c" % (each, each, each + 1) for each in range(60))
MAKES_MORE = "builtins.bytearray, which takes memory"
TOO_LARGE = "its pickle is too large"


def zipped(data: bytes) -> bytes:
    made = io.BytesIO()
    torch.save({"w.weight": torch.ones(8, 3, 3, 3)}, made)
    again = io.BytesIO()
    with ZipFile(made) as before, ZipFile(again, "w") as after:
        for each in before.namelist():
            after.writestr(each, data if each.endswith("data.pkl") else before.read(each))
    return again.getvalue()


def older(data: bytes) -> bytes:
    parts = 0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}
    return b"".join(pickle.dumps(each, 2) for each in parts) + data


def crowded() -> bytes:
    """An archive of 600,000 files, which have nothing but a name."""
    many = 600_000
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    size = many * len(entry)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, many, many, size, 4)
    place = struct.pack("<4sLQL", b"PK\6\7", 0, 4 + size, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"PK\3\4" + entry * many + record + place + end


def two_directories() -> bytes:
    """What Python and torch read differently: the end of one archive, put behind another."""
    return zipped(BEGIN + b"}.") + zipped(BEGIN + b"}.")


LATE = b"]q\x00]q\x01(h\x00h\x00eh\x00K\x01a"
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "bytearray": (lambda: zipped(BEGIN + BYTEARRAY + HUGE), MAKES_MORE),
    "bytearray of Python 2": (lambda: zipped(BEGIN + b"c__builtin__\nbytearray\n" + HUGE), "bytearray, which takes"),
    "bytearray, older": (lambda: older(BEGIN + BYTEARRAY + HUGE), MAKES_MORE),
    "bytearray from texts": (
        lambda: zipped(b"\x80\x04\x8c\x08builtins\x8c\x09bytearray\x93" + HUGE), "which torch.save does not write",
    ),
    "key that doubles": (lambda: zipped(BEGIN + b"}(" + DOUBLED + b"K\x01u."), TOO_LARGE),
    "function that doubles": (lambda: zipped(BEGIN + DOUBLED + b")R."), TOO_LARGE),
    "function that doubles, with protocols": (
        lambda: zipped(BEGIN + DOUBLED.replace(b"\x86q", b"\x80\x02\x86q") + b")R."), TOO_LARGE,
    ),
    "lists that are filled late": (lambda: zipped(BEGIN + LATE + b"."), "a list that is in itself"),
    "encoding": (
        lambda: zipped(BEGIN + b"c_codecs\nencode\nX\x01\0\0\0aX\x08\0\0\0punycode\x86R."), "an encoding other than",
    ),
    "many files": (crowded, "an archive of too many files"),
    "two directories": (two_directories, "an archive with two directories"),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process had at most")
@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_be_much_larger_is_refused(bomb: str, tmp_path: Path) -> None:
    make, reason = BOMBS[bomb]
    file = tmp_path / "net.pt"
    file.write_bytes(make())
    found = measured(file)
    assert reason in found.said
    assert found.kilobytes < 500_000
    assert found.seconds < 8


def test_what_is_repeated_as_a_checkpoint_does_is_read(tmp_path: Path) -> None:
    file = str(tmp_path / "net.pt")
    state = {f"{number}.weight": torch.ones(2, 2) for number in range(5000)}
    models = [torch.nn.Parameter(torch.ones(2)) for _ in range(300)]
    optimizer = torch.optim.Adam([{"params": [each]} for each in models])
    contents = {"model": state, "ema": state, "optimizer": optimizer.state_dict(), "tokens": b"\xe9" * 100_000}
    torch.save(contents, file)
    assert len(read_weights(file).tensors) == 5000


def test_what_is_weighed_is_one_pickle() -> None:
    file = io.BytesIO(pickle.dumps([1], 2) + b"rest")
    weigh(file)
    assert file.read() == b"rest"
    with pytest.raises(ModelError, match=r"torch\.save does not write"):
        weigh(pickle.dumps([1], 4))
