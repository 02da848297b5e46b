"""One tab owns the telephone; a second one explains that, starts nothing, and takes it over on a person's wish only."""

from __future__ import annotations

import pytest
from playwright.async_api import Request, expect

from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]


async def test_a_second_tab_starts_nothing_and_takes_over_on_request(house: House, open_desk: OpenDesk) -> None:
    first = await open_desk("op101")
    await first.start_work()
    page = await first.page.context.new_page()
    starts: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/operator/start"):
            starts.append(request.url)

    page.on("request", note)
    second = Desk(page, house.url)
    await page.goto(f"{house.url}/journal")
    explained = second.phone.locator("[data-softphone-target=elsewhere]")
    await expect(explained).to_be_visible()
    await expect(explained).to_contain_text("в другой вкладке")
    await expect(second.phone).to_have_attribute("data-status", "active")  # it shows the other one's state
    await expect(second.phone.get_by_role("button", name="Начало работы")).to_be_hidden()
    assert starts == []

    async with page.expect_response("**/api/operator/start"):
        await second.phone.get_by_role("button", name="Работать в этой вкладке").click()
    await expect(explained).to_be_hidden()
    await second.is_active()
    await expect(first.phone.locator("[data-softphone-target=elsewhere]")).to_be_visible()
    assert len(starts) == 1
    async with citizen_calls(house.stand.asterisk, caller="79285550116", sound=440.0, hold_s=60):
        await second.rings("+7 928 555-01-16")
        await second.answer()
        await second.hears(440.0)
        await second.hang_up()
