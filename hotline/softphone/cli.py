"""``hotline line-check``: call through a running hotline and report whether people could talk."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import click

from hotline.errors import HotlineError

if TYPE_CHECKING:
    from hotline.softphone.line_check import LineCheck


@click.command("line-check")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Address of the running service.")
@click.option("--login", required=True, help="A user kept for checks; a browser that he uses loses its telephone.")
@click.option(
    "--password",
    envvar="HOTLINE_LINE_CHECK_PASSWORD",
    prompt=True,
    hide_input=True,
    help="His password; better given in HOTLINE_LINE_CHECK_PASSWORD.",
)
@click.option("--far-login", help="A second user: the first calls him. Without one an echo is called.")
@click.option("--far-password", envvar="HOTLINE_LINE_CHECK_FAR_PASSWORD", help="The second user's password.")
@click.option("--number", default="line-check", show_default=True, help="The echo to call.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def line_check(
    url: str, login: str, password: str, far_login: str | None, far_password: str | None, number: str, as_json: bool
) -> None:
    """Place a call through the hotline, measure its set-up time and listen to both directions.

    Exit status: 0 people could talk, 1 they could not, 2 wrong options.
    """
    if far_login is not None and not far_password:
        raise click.UsageError("--far-login needs --far-password or HOTLINE_LINE_CHECK_FAR_PASSWORD")
    far = (far_login, far_password) if far_login is not None and far_password else None
    try:
        result = asyncio.run(run(url, (login, password), far, number))
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(json.dumps(result.as_json(), ensure_ascii=False) if as_json else result.text())
    sys.exit(0 if result.ok else 1)


async def run(url: str, near: tuple[str, str], far: tuple[str, str] | None, number: str) -> LineCheck:
    """Log in, register, check. ``near`` and ``far`` are pairs of login and password.

    :raises HotlineError: it was not possible to log in or to register.
    """
    # Imported late: the media library takes half a second that `hotline --help` should not cost.
    from hotline.softphone.line_check import FAR_HZ, NEAR_HZ, check_between, check_echo  # noqa: PLC0415
    from hotline.softphone.login import log_in  # noqa: PLC0415

    desk = await log_in(url, *near)
    async with desk.phone(tone_hz=NEAR_HZ) as phone:
        if far is None:
            return await check_echo(phone, number)
        far_desk = await log_in(url, *far)
        async with far_desk.phone(tone_hz=FAR_HZ) as far_phone:
            return await check_between(phone, far_phone)
