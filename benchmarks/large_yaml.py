"""20,000 layers of YAML to JSON, the whole process, against yaml.load of the same text alone."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from turns import in_turns

LAYERS, NETWORKS = 20_000, 2_000

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
        pairs = (
            ("one file to JSON / yaml.load of it", str(one), str(one)),
            ("a stream of 2,000 to JSON / yaml.load of one file", str(stream), str(one)),
            ("a stream of 2,000 to JSON / yaml.load_all of it", str(stream), str(stream)),
        )
        for name, ours, floor in pairs:
            print(
                f"20,000 layers, {name}:", in_turns(5, partial(seconds, OURS, ours, out), partial(seconds, LOAD, floor))
            )


if __name__ == "__main__":
    main()
