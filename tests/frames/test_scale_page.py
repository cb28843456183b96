"""docs/scale.md: its Python does what its comments say."""

from __future__ import annotations

import re
from ast import literal_eval

from tests.commands import ROOT


def test_the_page_counts_as_its_comments_say() -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    checked = 0
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            expression, mark, comment = line.partition("  # ")
            if mark:
                assert eval(expression, names) == literal_eval(comment)
                checked += 1
            else:
                exec(line, names)
    assert checked == 2
