"""One convolution from the command line, against a bare Typer + Rich program that prints one small table."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from turns import in_turns

BARE = """
import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer()


@app.command()
def main(rows: int = 4) -> None:
    table = Table(title="bare")
    table.add_column("row")
    table.add_column("square", justify="right")
    for row in range(rows):
        table.add_row(str(row), str(row * row))
    Console().print(table)


app()
"""
OURS = ["-m", "sepcost", "compare", "-H", "112", "-W", "112", "-C", "32", "-K", "3", "-O", "64"]


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.py")
        bare.write_text(BARE)
        seconds(OURS), seconds([str(bare)])
        print("one convolution / bare program:", in_turns(25, lambda: seconds(OURS), lambda: seconds([str(bare)])))
