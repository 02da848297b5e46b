"""Writes the process of profile oms into the pages of the documentation: ``python -m hotline.profiles.pages``."""

from __future__ import annotations

import re
from pathlib import Path

from hotline.journal.process import build
from hotline.profiles.diagram import mermaid, table
from hotline.profiles.loader import read_profile

_DOCS = Path(__file__).parents[2] / "docs"
_GENERATED = re.compile(r"(<!-- generated from profile oms: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Replace what stands between the marks."""
    process = build(read_profile("oms"))
    parts = {"diagram": f"```mermaid\n{mermaid(process)}```\n", "table": f"\n{table(process)}\n"}
    for name in ("states.md", "profile.md"):
        page = _DOCS / name
        text = page.read_text(encoding="utf-8")
        page.write_text(_GENERATED.sub(lambda found: found[1] + parts[found[2]] + found[3], text), encoding="utf-8")


if __name__ == "__main__":
    main()
