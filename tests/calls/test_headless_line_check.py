"""``hotline line-check`` against the whole product: log in over HTTP, ``/api/softphone``, ``/sip``, Asterisk."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from hotline.errors import BadInput, NotAuthenticated, Unavailable
from hotline.softphone.cli import line_check as command
from hotline.softphone.login import log_in
from hotline.stand.service import Stand
from tests.browser.desk import PASSWORD
from tests.house import House, open_house

pytestmark = pytest.mark.calls


@dataclass
class Outcome:
    """What a command printed and returned."""

    status: int
    out: str
    err: str


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    async with open_house(stand, demo_db_url) as running:
        yield running


async def line_check(url: str, *options: str, password: str = PASSWORD) -> Outcome:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline", "line-check", "--url", url, "--login", "op101", *options),
        env={**os.environ, "HOTLINE_LINE_CHECK_PASSWORD": password, "HOTLINE_LINE_CHECK_FAR_PASSWORD": password},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


async def test_echo_between_operators_and_faults(house: House) -> None:
    """One service for all: starting it is the slow part."""
    echo = await line_check(house.url, "--json")
    assert echo.status == 0, echo
    result = json.loads(echo.out)
    assert result["ok"] is True
    assert result["number"] == "line-check"
    assert 0 < result["setup_ms"] < 10_000
    assert result["heard"][0]["level_dbfs"] > -20

    between = await line_check(house.url, "--far-login", "op102")
    assert between.status == 0, between
    assert "101 hears 102: 700 Hz" in between.out
    assert "102 hears 101: 440 Hz" in between.out
    assert between.out.rstrip().endswith("line check passed")

    nobody = await line_check(house.url, "--number", "no-such-number")
    assert nobody.status == 1
    assert "LINE CHECK FAILED" in nobody.out

    refused = await line_check(house.url, password="wrong")
    assert refused.status == 1
    assert "could not log in" in refused.err
    assert "Traceback" not in refused.err


def test_far_login_without_password_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTLINE_LINE_CHECK_FAR_PASSWORD", raising=False)
    result = CliRunner().invoke(command, ["--login", "op101", "--password", "x", "--far-login", "op102"])
    assert result.exit_code == 2
    assert "--far-login needs" in result.output


async def test_service_that_is_down_is_said() -> None:
    outcome = await line_check("http://127.0.0.1:9")
    assert outcome.status == 1
    assert "does not answer" in outcome.err


async def test_log_in_refuses_what_is_not_an_address() -> None:
    with pytest.raises(BadInput):
        await log_in("hotline", "op101", "x")


async def test_log_in_of_another_server_is_no_softphone_account(house: House) -> None:
    with pytest.raises(NotAuthenticated):
        await log_in(house.url, "nobody", "x")
    with pytest.raises(Unavailable):
        await log_in(house.stand.asterisk.settings.http_url, "op101", "x")
