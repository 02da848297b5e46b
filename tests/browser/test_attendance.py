"""A supervisor plans a week by the keyboard; pages of attendance shut nobody out (S001A-08, S001A-13, WCAG 2.2 AA)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from hotline.clock import SystemClock
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk

pytestmark = [pytest.mark.calls, pytest.mark.browser]


async def test_a_week_is_planned_without_a_mouse(open_desk: OpenDesk) -> None:
    """S001A-13, S001A-08: plan a day, see it in the week and missing on no page; axe finds nothing in both themes."""
    desk = await open_desk("sup301")
    page, work = desk.page, desk.page.locator("#work")
    # In the middle of next week, whatever the zone: nothing of it is late yet.
    day = (SystemClock().now() + timedelta(days=9)).date()
    await page.goto(f"{desk.url}/attendance?day={day.isoformat()}")
    cell = work.locator(".attendance-cell-link").first
    await expect(cell).to_be_visible()
    found = await violations(page, "the week")
    await cell.press("Enter")
    await expect(work.get_by_role("button", name="Запланировать", exact=True)).to_be_visible()
    found += await violations(page, "a person")
    await work.locator("[name=starts]").fill("20:00")
    await work.locator("[name=ends]").fill("08:00")
    await work.get_by_role("button", name="Запланировать", exact=True).press("Enter")
    await expect(work.locator(".attendance-mine-day .attendance-plan").first).to_have_text("20:00–08:00")
    await work.get_by_role("link", name="К неделе").press("Enter")
    await expect(work.locator(".attendance-week .attendance-plan").first).to_have_text("20:00–08:00")
    await work.get_by_role("link", name="День", exact=True).press("Enter")
    await expect(work.locator(".attendance-day")).to_be_visible()
    found += await violations(page, "the day")
    await page.goto(f"{desk.url}/attendance/plan")
    await expect(work.locator(".admin-history li")).to_have_count(1)
    found += await violations(page, "planning")
    await work.get_by_role("button", name="Вернуть").press("Enter")
    await expect(work.locator(".admin-history li")).to_have_count(2)
    await page.goto(f"{desk.url}/attendance/mine")
    await expect(work.locator(".attendance-mine-day").first).to_be_visible()
    found += await violations(page, "one's own shifts")
    assert found == [], "\n".join(found)
