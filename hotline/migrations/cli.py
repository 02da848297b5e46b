"""Commands: ``hotline db upgrade|current|revision``."""

from __future__ import annotations

import asyncio

import click

from hotline.config import Settings
from hotline.migrations import UpgradeFailed, current, head, revision, upgrade
from hotline.migrations.upgrading import WAIT_S


@click.group()
def db() -> None:
    """The database schema."""


@db.command("upgrade")
@click.option(
    "--wait", type=click.FloatRange(0, 86_400), default=WAIT_S, show_default=True, help="Seconds to try again."
)
def upgrade_command(wait: float) -> None:
    """Bring the database up to date while the service works; exit code 1 and who was in the way when it cannot."""
    url = _url()
    before = asyncio.run(current(url))
    try:
        asyncio.run(upgrade(url, wait_s=wait, tell=lambda line: click.echo(line, err=True)))
    except UpgradeFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"schema: {before or 'empty'} -> {head()}")


@db.command("current")
def current_command() -> None:
    """Show where the database is, and where it should be."""
    found = asyncio.run(current(_url()))
    click.echo(f"schema: {found or 'empty'} of {head()}")
    if found != head():
        raise click.exceptions.Exit(1)


@db.command("revision")
@click.argument("message")
def revision_command(message: str) -> None:
    """Write a migration from the difference between the tables in the code and the database. Read it before use."""
    click.echo(asyncio.run(revision(_url(), message)))


def _url() -> str:
    return Settings().database_url.get_secret_value()
