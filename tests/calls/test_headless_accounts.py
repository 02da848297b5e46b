"""SIP accounts over ARI on a real Asterisk, also across restarts of either side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from pydantic import SecretStr

from hotline.config import AsteriskSettings
from hotline.cti.model import LinkChanged, LinkState
from hotline.errors import BadInput, Unavailable
from hotline.softphone.accounts import AccountService, caller_name, endpoint_fields
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.model import PhoneConnected
from hotline.softphone.sip_client import SipRefused
from hotline.stand.service import Stand
from tests.calls.headless_parts import direct_url, proxy_server

pytestmark = pytest.mark.calls

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def link_up(boot_id: str, *, asterisk: str = "pbx1", state: LinkState = LinkState.UP) -> LinkChanged:
    return LinkChanged(asterisk, state, NOW, boot_id=boot_id)


async def test_account_has_exactly_the_settings_that_telephony_needs(stand: Stand, http: aiohttp.ClientSession) -> None:
    accounts = AccountService(http, stand.asterisk_settings)
    account = await accounts.open("191", 'Ёлкина "Анна"')
    endpoint = await accounts._read("endpoint", "191")
    expected = {
        "webrtc": "yes",
        "allow": "(alaw)",
        "context": "internal",
        "direct_media": "false",
        "rtp_timeout": "30",
        "rtp_timeout_hold": "300",
        "timers": "no",
        "device_state_busy_at": "1",
        "send_connected_line": "no",
        "media_encryption": "dtls",
        "ice_support": "true",
        "rtcp_mux": "true",
        "callerid": '"Ёлкина Анна" <191>',
    }
    assert {name: endpoint[name] for name in expected} == expected
    aor = await accounts._read("aor", "191")
    assert (aor["max_contacts"], aor["remove_existing"], aor["qualify_frequency"]) == ("1", "true", "15")
    assert len(account.password) >= 32
    assert account.password not in repr(account)
    await accounts.close("191")
    assert await accounts._read("endpoint", "191") == {}
    assert await accounts._read("auth", "191") == {}
    await accounts.close("191")  # twice is fine


async def test_each_login_has_its_own_password(stand: Stand, http: aiohttp.ClientSession) -> None:
    accounts = AccountService(http, stand.asterisk_settings)
    first = await accounts.open("191", "Анна")
    second = await accounts.open("191", "Анна")
    assert first.password != second.password
    assert accounts.get("191") == second
    with pytest.raises(SipRefused):
        await HeadlessPhone(first, direct_url(stand.asterisk_settings)).start()
    async with HeadlessPhone(second, direct_url(stand.asterisk_settings)) as phone:
        assert phone.registered.is_set()
    await accounts.close("191")
    assert accounts.get("191") is None


@pytest.mark.parametrize("extension", ["", "1", "abc", "101/../x", "10 1", "123456789", "١٢٣"])
async def test_extension_must_be_a_number(stand: Stand, http: aiohttp.ClientSession, extension: str) -> None:
    with pytest.raises(BadInput):
        await AccountService(http, stand.asterisk_settings).open(extension, "x")


async def test_refusal_of_asterisk_is_unavailable_and_leaves_no_account(
    stand: Stand, http: aiohttp.ClientSession
) -> None:
    wrong = stand.asterisk_settings.model_copy(update={"ari_password": SecretStr("wrong")})
    accounts = AccountService(http, wrong)
    with pytest.raises(Unavailable) as caught:
        await accounts.open("191", "x")
    assert caught.value.error_id == "softphone-account-refused"
    assert accounts.extensions == frozenset()


async def test_asterisk_that_is_down_is_unavailable(http: aiohttp.ClientSession) -> None:
    accounts = AccountService(http, AsteriskSettings.model_validate({"http_url": "http://127.0.0.1:9"}))
    with pytest.raises(Unavailable) as caught:
        await accounts.open("191", "x")
    assert caught.value.error_id == "asterisk-unavailable"
    with pytest.raises(Unavailable):
        await accounts.close("191")


async def test_object_that_asterisk_stored_otherwise_is_refused(
    stand: Stand, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap of telephony.md 5: ``disallow`` after ``allow`` is accepted and leaves no codec."""

    def wrong_order(extension: str, name: str) -> tuple[tuple[str, str], ...]:
        return (*endpoint_fields(extension, name), ("disallow", "all"))

    monkeypatch.setattr("hotline.softphone.accounts.endpoint_fields", wrong_order)
    with pytest.raises(Unavailable) as caught:
        await AccountService(http, stand.asterisk_settings).open("191", "x")
    assert caught.value.error_id == "softphone-account-refused"


async def test_new_service_adopts_the_accounts_that_asterisk_has(stand: Stand, http: aiohttp.ClientSession) -> None:
    before = AccountService(http, stand.asterisk_settings)
    account = await before.open("191", "Анна")
    after = AccountService(http, stand.asterisk_settings)
    await after.on_phone_connected(PhoneConnected("191", 7, NOW))
    assert after.get("191") == account
    await after.on_phone_connected(PhoneConnected("199", 7, NOW))
    assert after.extensions == {"191"}
    await after.close("191")


@pytest.mark.parametrize("restarted", [False, True], ids=["Asterisk alone", "the service before it"])
async def test_accounts_and_phones_come_back_after_asterisk_was_killed(
    http: aiohttp.ClientSession, restarted: bool
) -> None:
    """«Asterisk restarted: operators are back without a reload»: same password, through the proxy. Also when the
    service was restarted first and the browser had no time to come back in between."""
    async with Stand(database=False) as stand:
        settings = stand.asterisk_settings
        accounts = AccountService(http, settings)
        await accounts.on_link(link_up("boot-1"))
        account = await accounts.open("191", "Анна")
        if restarted:
            accounts = AccountService(http, settings)
            await accounts.on_link(link_up("boot-1"))
            assert accounts.extensions == {"191"}
        async with proxy_server(settings.http_url) as service, service.phone(account) as phone:
            await stand.asterisk.kill()
            async with asyncio.timeout(10):
                await phone.disconnected.wait()
            await stand.asterisk.start()
            await accounts.on_link(link_up("boot-2", asterisk="pbx2"))
            await accounts.on_link(link_up("boot-2", state=LinkState.SYNCING))
            assert await accounts._read("endpoint", "191") == {}  # not ours, or too early
            await accounts.on_link(link_up("boot-2"))
            async with asyncio.timeout(15):
                await phone.registered.wait()
            assert service.proxy.connected == {"191"}


async def test_same_boot_is_pushed_once(stand: Stand, http: aiohttp.ClientSession) -> None:
    accounts = AccountService(http, stand.asterisk_settings)
    await accounts.on_link(link_up("boot-1"))
    await accounts.open("191", "Анна")
    await accounts._request("DELETE", accounts._object("endpoint", "191"), "endpoint")
    await accounts.on_link(link_up("boot-1"))
    assert await accounts._read("endpoint", "191") == {}
    await accounts.on_link(link_up("boot-2"))
    assert (await accounts._read("endpoint", "191"))["allow"] == "(alaw)"
    await accounts.close("191")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Иванова Анна", "Иванова Анна"),
        ('Анна "Аня" <102>', "Анна Аня 102"),
        ("a\r\nX-Evil: 1", "a X-Evil: 1"),
        ("я" * 100, "я" * 60),
        ("", ""),
    ],
)
def test_caller_name_is_fit_for_a_header(name: str, expected: str) -> None:
    assert caller_name(name) == expected
