"""Write every golden output again."""

from tests.golden.cases import CASES, FAILING, printed, printed_by_check

for case in CASES:
    case.with_suffix(".out").write_text(printed(case), encoding="utf-8", newline="\n")
for file in FAILING:
    file.write_text(printed_by_check(file), encoding="utf-8", newline="\n")
