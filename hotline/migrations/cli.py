"""Commands: ``hotline db upgrade|current|revision``."""

from __future__ import annotations

import asyncio

import click

from hotline.config import Settings
from hotline.migrations import current, head, revision, upgrade


@click.group()
def db() -> None:
    """The database schema."""


@db.command("upgrade")
def upgrade_command() -> None:
    """Bring the database up to date."""
    url = _url()
    before = asyncio.run(current(url))
    asyncio.run(upgrade(url))
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
