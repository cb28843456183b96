"""What pdflatex says of a text."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("amsmath", "booktabs", "float", "longtable", "siunitx")


def _is_installed() -> bool:
    if not shutil.which("pdflatex") or not shutil.which("kpsewhich"):
        return False
    files = [f"{package}.sty" for package in PACKAGES]
    return subprocess.run(["kpsewhich", *files], capture_output=True, check=False).returncode == 0


needs_pdflatex = pytest.mark.skipif(not _is_installed(), reason=f"needs pdflatex with {', '.join(PACKAGES)}")
WHAT_IS_WRONG = re.compile(
    r"""^( !.* | .*undefined.* | .*multiply.defined.* | .*Float.too.large.* | .*Table.widths.have.changed.*
    | Overfull.\\[hv]box.\((?!0\.)[0-9.]+pt.too.*)$""",
    re.VERBOSE | re.MULTILINE,
)
"""Errors, references to nothing, and what is a point or more too large."""
MOST_RUNS = 4
"""References and the widths of a longtable are right after fewer."""


def problems(text: str, folder: Path, before: str = r"\documentclass{article}") -> list[str]:
    """What is wrong in a document of the text, with the packages that it asks for, and a reference to each label."""
    packages = "".join(re.findall(r"^% needs (\\usepackage\{.*\})$", text, re.MULTILINE))
    references = "".join(rf"\ref{{{label}}} " for label in re.findall(r"\\label\{(.*?)\}", text))
    source = rf"{before}{packages}\begin{{document}}{references}" f"\n\n{text}\n" r"\end{document}"
    (folder / "paper.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    for _ in range(MOST_RUNS):
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
        log = (folder / "paper.log").read_text("utf-8", "replace")
        if done.returncode or "Rerun" not in log:
            break
    found = [match[0] for match in WHAT_IS_WRONG.finditer(log)]
    assert done.returncode == 0 or found, log[-2000:]
    return found
