"""Commands: ``hotline profile load|check|diff|export|versions|diagram``, ``hotline user demo``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import click
import tomli_w
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.config import Settings
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.journal.process import build
from hotline.profiles.demo import load_demo
from hotline.profiles.diagram import mermaid
from hotline.profiles.difference import difference
from hotline.profiles.loader import load_profile, read_profile
from hotline.profiles.versions import content, history, plain
from hotline.staff.cli import user

T = TypeVar("T")


@click.group()
def profile() -> None:
    """Process profiles: classifiers, statuses, forwarding, deadlines, roles."""


def _named(name: str) -> str | Path:
    """Return a profile of the product by its name, or a folder when it looks like a path."""
    return Path(name) if "/" in name or name.startswith(".") else name


@profile.command()
@click.argument("name", default="oms")
@click.option("--comment", default="", help="Why; kept with the version.")
def load(name: str, comment: str) -> None:
    """Load profile NAME, or a folder. Can be repeated; rows that it no longer has are closed by date."""

    async def run() -> None:
        db = Database.connect(Settings().database_url.get_secret_value())
        try:
            loaded = await load_profile(db, _named(name), comment=comment)
        finally:
            await db.close()
        click.echo(f"{name}: " + ", ".join(f"{section} {count}" for section, count in loaded.rows.items()))
        for section, count in loaded.closed.items():
            click.echo(f"closed: {section} {count}")

    _run(run())


@profile.command()
@click.argument("name", default="oms")
def check(name: str) -> None:
    """Check the files of profile NAME, or of a folder, without touching the database."""
    try:
        read_profile(_named(name))
    except HotlineError as error:
        raise click.ClickException(_words(error)) from error
    click.echo(f"{name}: in order")


@profile.command()
@click.argument("name", default="oms")
def diagram(name: str) -> None:
    """Draw the process of profile NAME, or of a folder, as a Mermaid state diagram."""
    try:
        click.echo(mermaid(build(read_profile(_named(name)))), nl=False)
    except HotlineError as error:
        raise click.ClickException(_words(error)) from error


@profile.command()
@click.option("--version", "version_id", type=int, help="Of the list of versions; else what counts now.")
def export(version_id: int | None) -> None:
    """Write what the database has as one TOML file to standard output."""
    click.echo(tomli_w.dumps(_in_session(lambda session: content(session, version_id))), nl=False)


@profile.command()
@click.argument("name", default="oms")
def diff(name: str) -> None:
    """Say what loading profile NAME, or a folder, would change."""
    stored = _in_session(content)
    try:
        found = difference(stored, plain(read_profile(_named(name))))
    except HotlineError as error:
        raise click.ClickException(_words(error)) from error
    for change in found:
        click.echo(str(change))
    if not found:
        click.echo("nothing")


@profile.command()
def versions() -> None:
    """List the versions that were loaded, newest first."""
    for one in _in_session(history):
        mark = "*" if one.current else " "
        click.echo(f"{mark} {one.id:4} {one.at:%Y-%m-%d %H:%M} {one.name} {one.by or '-'} {one.comment}".rstrip())


def _in_session(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async def run() -> T:
        db = Database.connect(Settings().database_url.get_secret_value())
        try:
            async with db.begin() as session:
                return await work(session)
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except HotlineError as error:
        raise click.ClickException(_words(error)) from error


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
