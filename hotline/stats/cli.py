"""Command: ``hotline stats check``."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta

import click

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.stats.check import Result, StatsCheck

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def stats() -> None:
    """Statistics and their proof."""


@stats.command()
@click.option("--from", "first", type=_DAY, default=None, help="First day (yesterday).")
@click.option("--to", "last", type=_DAY, default=None, help="Last day, included (the first day).")
def check(first: datetime | None, last: datetime | None) -> None:
    """Compare the journal's calls with CEL and queue_log; exit code 1 when anything differs."""
    settings = Settings()
    yesterday = (SystemClock().now() - timedelta(days=1)).astimezone(settings.zone).date()
    begin = first.date() if first else yesterday
    end = last.date() if last else begin
    if end < begin:
        raise click.BadParameter("is before --from", param_hint="--to")
    bounds = [datetime.combine(day, time(), settings.zone) for day in (begin, end + timedelta(days=1))]

    async def run() -> Result:
        db = Database.connect(settings.database_url.get_secret_value())
        try:
            return await StatsCheck(db, SystemClock(), settings.asterisks).run(*bounds)
        finally:
            await db.close()

    try:
        result = asyncio.run(run())
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    _tell(result)


def _tell(result: Result) -> None:
    for one in result.found:
        click.echo(f"DIFFERS {one.call_key} {one.what}: journal {one.journal}, logs {one.logs}")
    if result.covered_from is not None:
        click.echo(f"the logs begin at {result.covered_from.isoformat()}: calls before that are not compared")
    if result.broken:
        click.echo(f"{result.broken} lines of the logs cannot be read")
    click.echo(f"{result.calls} calls compared, {result.differences} differences")
    if result.differences:
        raise click.exceptions.Exit(1)
