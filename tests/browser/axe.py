"""What axe-core finds on a page of the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page, where: str) -> list[str]:
    """Return what axe-core finds in both themes, one line a finding."""
    await page.emulate_media(reduced_motion="reduce")  # colours in the middle of a transition are nobody's
    if not await page.evaluate("typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    # A field half below the bar of buttons that sticks to the bottom is scrolled out by whoever wants it. At the end of
    # the page that bar lies below everything, so what is covered there is covered for good.
    await page.evaluate("document.querySelector('#work')?.scrollTo({top: 1e6, behavior: 'instant'})")
    found = []
    for theme in ("light", "dark"):
        await page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        result: dict[str, Any] = await page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", RULES
        )
        assert result["testEngine"]["name"] == "axe-core"
        found += [
            f"{where}, {theme}: {one['id']}: {node['target']} {node['failureSummary']}"
            for one in result["violations"]
            for node in one["nodes"]
        ]
    return found
