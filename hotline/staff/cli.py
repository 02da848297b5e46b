"""Commands: ``hotline user add|password|reset-factor|new-key|rotate-keys``; ``demo`` is in hotline.profiles.cli."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.staff.model import NewUser
from hotline.staff.secret_box import SecretBox, new_key
from hotline.staff.service import StaffService
from hotline.webhooks import keys

T = TypeVar("T")


def with_staff(work: Callable[[StaffService], Awaitable[T]]) -> T:
    """Run ``work`` with a service on the configured database; errors become messages of the command line."""

    async def run() -> T:
        settings = Settings()
        db = Database.connect(settings.database_url.get_secret_value())
        try:
            return await work(StaffService(db, SystemClock(), settings))
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except HotlineError as error:
        lines = [error.message, *(f"  {name}: {problem}" for name, problem in error.details.items())]
        raise click.ClickException("\n".join(lines)) from error


@click.group()
def user() -> None:
    """Accounts of the people who work with the hotline."""


@user.command()
@click.argument("login")
@click.option("--last-name", required=True)
@click.option("--first-name", required=True)
@click.option("--patronymic", default="")
@click.option("--organisation", "organisation_code", required=True, help="Code of the organisation.")
@click.option("--role", "roles", multiple=True, required=True, help="May be repeated.")
@click.option("--extension", help="Internal number.")
@click.password_option()
def add(
    login: str,
    last_name: str,
    first_name: str,
    patronymic: str,
    organisation_code: str,
    roles: tuple[str, ...],
    extension: str | None,
    password: str,
) -> None:
    """Add the account LOGIN. The password is asked for."""
    new = NewUser(
        login=login,
        password=password,
        last_name=last_name,
        first_name=first_name,
        patronymic=patronymic,
        organisation_code=organisation_code,
        roles=roles,
        extension=extension,
    )
    created = with_staff(lambda staff: staff.create_user(new))
    click.echo(f"{created.login}: {created.full_name}, id {created.id}")


@user.command()
@click.argument("login")
@click.password_option()
def password(login: str, password: str) -> None:
    """Set the password of LOGIN and end his sessions. The password is asked for."""
    with_staff(lambda staff: staff.set_password(login, password, by=None))
    click.echo(f"{login}: password changed")


@user.command("reset-factor")
@click.argument("login")
def reset_factor(login: str) -> None:
    """Take the second factor of LOGIN away and end his sessions, when no administrator can do it."""
    with_staff(lambda staff: staff.factor.reset_by_command(login))
    click.echo(f"{login}: second factor reset")


@user.command("new-key")
def print_key() -> None:
    """Print a new key for HOTLINE_SECRET_KEYS."""
    click.echo(new_key())


async def _renew_webhooks(_: StaffService) -> int:
    settings = Settings()
    db = Database.connect(settings.database_url.get_secret_value())
    try:
        return await keys.renew(db, SecretBox(settings.secret_keys))
    finally:
        await db.close()


@user.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt every stored secret with the first key of HOTLINE_SECRET_KEYS; then the others may go."""
    count = with_staff(lambda staff: staff.factor.rotate()) + with_staff(_renew_webhooks)
    click.echo(f"{count} secrets are encrypted with the first key")
