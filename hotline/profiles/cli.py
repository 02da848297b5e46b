"""Commands: ``hotline profile load|check``, ``hotline user demo``."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import click

from hotline.config import Settings
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile, read_profile
from hotline.staff.cli import user


@click.group()
def profile() -> None:
    """Process profiles: classifiers, statuses, forwarding, deadlines, roles."""


@profile.command()
@click.argument("name", default="oms")
def load(name: str) -> None:
    """Load profile NAME. Can be repeated; rows that it no longer has are closed by date."""

    async def run() -> None:
        db = Database.connect(Settings().database_url.get_secret_value())
        try:
            loaded = await load_profile(db, name)
        finally:
            await db.close()
        click.echo(f"{name}: " + ", ".join(f"{section} {count}" for section, count in loaded.rows.items()))
        for section, count in loaded.closed.items():
            click.echo(f"closed: {section} {count}")

    _run(run())


@profile.command()
@click.argument("name", default="oms")
def check(name: str) -> None:
    """Check the files of profile NAME without touching the database."""
    try:
        read_profile(name)
    except HotlineError as error:
        raise click.ClickException(_words(error)) from error
    click.echo(f"{name}: in order")


@user.command()
@click.argument("profile_name", default="oms")
def demo(profile_name: str) -> None:
    """Load the demonstration people of a profile and print their logins. Never into a database with real data."""

    async def run() -> None:
        db = Database.connect(Settings().database_url.get_secret_value())
        try:
            logins = await load_demo(db, profile_name)
        finally:
            await db.close()
        for login in logins:
            click.echo(
                f"{login.login:8} {login.password}  {login.extension or '-':4} {login.name} ({', '.join(login.roles)})"
            )

    _run(run())


def _run(work: Coroutine[None, None, None]) -> None:
    try:
        asyncio.run(work)
    except HotlineError as error:
        raise click.ClickException(_words(error)) from error


def _words(error: HotlineError) -> str:
    return "\n".join([error.message, *(f"  {name}: {problem}" for name, problem in error.details.items())])
