"""Write every golden output again."""

from tests.golden.cases import CASES, printed

for case in CASES:
    case.with_suffix(".out").write_text(printed(case), encoding="utf-8", newline="\n")
