"""Layers and candidates of a search, YAML to JSON, the whole process, against yaml.load of the same text alone."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from turns import in_turns

LAYERS, NETWORKS, CANDIDATES = 20_000, 2_000, 6_000

LOAD = """
import sys, time, yaml
text = open(sys.argv[1], encoding="utf-8").read()
start = time.perf_counter()
for _ in yaml.load_all(text, Loader=yaml.CSafeLoader):
    pass
print(time.perf_counter() - start)
"""
OURS = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run([sys.executable, "-m", "sepcost", "compare", sys.argv[1], "--format", "json"],
               stdout=open(sys.argv[2], "w"), check=True)
print(time.perf_counter() - start)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, "MB", file=sys.stderr)
"""


def layer(chance: random.Random, number: int) -> str:
    size, channels, outputs = chance.choice([7, 14, 28, 56, 112]), chance.randrange(8, 512), chance.randrange(8, 512)
    kernel, stride = chance.choice([1, 3, 5, 7]), chance.choice([1, 2])
    return (
        f"{{name: layer{number}, H: {size}, W: {size}, C: {channels}, K: {kernel}, O: {outputs}, stride: {stride}}}\n"
    )


def candidates(count: int) -> str:
    """A stream of networks of nine layers each, which a search has put together of few different ones."""
    chance = random.Random(1)

    def line(number: int) -> str:
        outputs = chance.choice([16, 24, 32, 40, 64, 80, 112, 128])
        return (
            f"  - {{name: l{number}, K: {chance.choice([3, 5, 7])}, O: {outputs}, stride: {chance.choice([1, 2])}}}\n"
        )

    return "".join(
        f"---\nname: candidate{number}\ninput: {{C: 3, H: 224}}\nlayers:\n{''.join(map(line, range(9)))}"
        for number in range(count)
    )


def seconds(program: str, *arguments: str) -> float:
    done = subprocess.run([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


def main() -> None:
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "out.json"))
        one = Path(folder, "one.yaml")
        one.write_text("".join(f"- {layer(chance, number)}" for number in range(LAYERS)))
        stream = Path(folder, "stream.yaml")
        stream.write_text(
            "".join(
                f"---\n{''.join(f'- {layer(chance, number)}' for number in range(LAYERS // NETWORKS))}"
                for _ in range(NETWORKS)
            )
        )
        search = Path(folder, "search.yaml")
        search.write_text(candidates(CANDIDATES))
        pairs = (
            ("20,000 layers, one file to JSON / yaml.load of it", str(one), str(one)),
            ("20,000 layers, a stream of 2,000 to JSON / yaml.load of one file", str(stream), str(one)),
            ("20,000 layers, a stream of 2,000 to JSON / yaml.load_all of it", str(stream), str(stream)),
            ("6,000 candidates of nine layers to JSON / yaml.load_all of them", str(search), str(search)),
        )
        for name, ours, floor in pairs:
            print(f"{name}:", in_turns(5, partial(seconds, OURS, ours, out), partial(seconds, LOAD, floor)))
        rates = {"sepcost": seconds(OURS, str(search), out), "yaml.load_all": seconds(LOAD, str(search))}
        for name, took in rates.items():
            print(f"{CANDIDATES:,} candidates, {name}: {CANDIDATES / took:,.0f} networks a second")


if __name__ == "__main__":
    main()
