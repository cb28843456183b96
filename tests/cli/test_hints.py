"""Where people err, one line says what they meant."""

from __future__ import annotations

import pytest

from sepcost import Conv, SepcostError
from tests.commands import sepcost

ONE = "-C 3 -O 8"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (f"-H 112 -K 3 {ONE}", "the command is missing: sepcost compare -H …"),
        ("--alpha 0.5 mobilenet_v1", "the command is missing: sepcost compare --alpha …"),
        ("mobilenet_v1", "there is no command 'mobilenet_v1': for a source, sepcost compare mobilenet_v1"),
        (f"compare -H 8 -w 8 -K 3 {ONE}", "No such option: -w; did you mean `-W`?"),
        (f"compare -K 3X3 {ONE}", "-K: must be a whole number, or sizes such as 3x5, got 3X3: write 3x3"),
        (f"compare -K (3,3) {ONE}", "-K: must be a whole number, or sizes such as 3x5, got (3,3): write 3x3"),
        (f"compare -K [3,5] {ONE}", "-K: must be a whole number, or sizes such as 3x5, got [3,5]: write 3x5"),
        (
            f"compare --size 224,224 -K 3 {ONE}",
            "--size: 224,224 is the same map again: one of more axes is 224x224",
        ),
        (
            f"compare -K 3 {ONE} --padding valid",
            "--padding: must be same, a whole number, or sizes such as 1x2, got valid (valid is 0)",
        ),
        (
            f"compare -K 3 {ONE} --groups depthwise",
            "--groups: must be a whole number, got depthwise (depthwise is as many groups as channels: give C)",
        ),
        ("compare mobilenet_v1 --columns time", "--columns: time is not counted, but predicted for a target: give"),
        ("compare mobilenet_v1 --sort -latency", "--sort: latency is not counted, but predicted for a target: give"),
        ("compare mobilenet_v1 --format junit", "--format: this command has no format 'junit': it has table, arrow,"),
        (
            "check mobilenet_v1 --max weight_bytes=60KB",
            "--max weight_bytes: must be bytes such as 17000000, 512KiB, 16MiB (powers of 1024), 600kB, 17MB "
            "(powers of 1000), got 60KB: kB is 1000 bytes, KiB is 1024",
        ),
    ],
)
def test_on_the_command_line(typed: str, message: str) -> None:
    run = sepcost(*typed.split())
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith(f"sepcost: {message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("activation: relu", "activation: unknown key; activations cost no MACs: leave them out"),
        ("groups: C", "groups: must be a whole number, got C (depthwise is as many groups as channels: write"),
        ("padding: valid", "padding: must be same, a whole number, or sizes such as 1x2, got valid (valid is 0)"),
        ("stride: (2,2)", "stride: must be a whole number, or sizes such as 3x5, got (2,2): write 2x2"),
        ("K: 3*3", "K: must be a whole number, or sizes such as 3x5, got 3*3: write 3x3"),
    ],
)
def test_in_a_config(line: str, message: str) -> None:
    kernel = "" if line.startswith("K") else "    K: 3\n"
    run = sepcost("compare", "-", stdin=f"input: {{C: 3, H: 8}}\nlayers:\n  - O: 8\n{kernel}    {line}\n")
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert f"layers[0].{message}" in run.err


def test_in_python() -> None:
    with pytest.raises(SepcostError, match=r"padding: must be same.* got 'valid' \(valid is 0\)"):
        Conv((8, 8), 3, 8, 3, padding="valid")  # type: ignore[arg-type]
