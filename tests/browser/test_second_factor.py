"""Second factor and sign-on in a real Chromium (issue 6): by the keyboard, for everybody (WCAG 2.2 AA)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Browser, expect
from pydantic import SecretStr

from hotline.clock import FakeClock
from hotline.stand.postgres import PrivateCluster
from tests.browser.axe import violations
from tests.integration.web.conftest import PASSWORD, Site, copied, served
from tests.integration.web.conftest import web_template as web_template  # noqa: PLC0414 - a fixture of this module, too
from tests.integration.web.provider import CLIENT, SECRET, Provider, serving

pytestmark = pytest.mark.browser


@pytest.fixture
async def provider(clock: FakeClock) -> AsyncIterator[Provider]:
    async with serving(Provider(clock)) as running:
        # To a browser another site than 127.0.0.1: cookies are treated as they are in life.
        running.issuer = running.issuer.replace("127.0.0.1", "localhost")
        yield running


@pytest.fixture
async def strict(
    pg_cluster: PrivateCluster, web_template: str, clock: FakeClock, tmp_path: Path, provider: Provider
) -> AsyncIterator[Site]:
    changes = {
        "second_factor_rights": ["user.manage"],
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SecretStr(SECRET),
    }
    async with copied(pg_cluster, web_template) as database, served(database, clock, tmp_path, changes) as running:
        yield running


async def test_setting_up_logging_in_and_looking_at_it(
    strict: Site, chromium: Browser, clock: FakeClock, provider: Provider
) -> None:
    """The whole way of an administrator by the keyboard; then an operator over the sign-on of another site."""
    context = await chromium.new_context(locale="ru-RU", viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    found = []
    await page.goto(f"{strict.url}/login?next=/admin/people")
    found += await violations(page, "login with sign-on")
    await page.keyboard.type("admin")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator(".factor-picture svg")).to_be_visible()
    found += await violations(page, "setting up")
    await page.locator("summary").click()
    secret = (await page.locator(".factor-secret").inner_text()).replace(" ", "")
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    await page.locator("#code").focus()
    await page.keyboard.type("x")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Код неверный")
    await expect(page.locator("#code")).to_be_focused()
    await page.keyboard.type(pyotp.TOTP(secret).at(clock.now()))
    await page.keyboard.press("Enter")
    await expect(page.locator(".factor-list code")).to_have_count(10)
    found += await violations(page, "recovery codes")
    await expect(page.get_by_role("link", name="Коды сохранены")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Сотрудники")
    await page.goto(f"{strict.url}/second-factor")
    await expect(page.locator("#factor-title")).to_be_visible()
    found += await violations(page, "one's own factor")

    await context.clear_cookies()
    clock.advance(timedelta(seconds=30))
    await page.goto(f"{strict.url}/login")
    await page.locator("#login").fill("admin")
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Код второго фактора")
    found += await violations(page, "code")
    await page.keyboard.type(pyotp.TOTP(secret).at(clock.now()))
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{strict.url}/**")
    await expect(page.locator("#work")).to_be_visible()

    await context.clear_cookies()
    await page.goto(f"{strict.url}/login?next=/directory")
    await page.get_by_role("link", name="Войти через").click()
    await expect(page.locator("[data-directory-row]").first).to_be_visible()
    assert page.url == f"{strict.url}/directory"
    assert provider.asked == ["discovery", "keys", "token"]
    await context.close()
    assert found == [], "\n".join(found)
