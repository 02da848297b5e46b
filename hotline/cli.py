"""The command line: ``hotline …``. Commands live beside what they command; this file only gathers them."""

from __future__ import annotations

import asyncio
import logging
import os

import click

from hotline import logs
from hotline.archive.cli import recordings
from hotline.backup.cli import backup, restore
from hotline.config import Settings
from hotline.errors import HotlineError
from hotline.load.cli import load
from hotline.migrations.cli import db
from hotline.profiles.cli import profile
from hotline.register.cli import register
from hotline.softphone.cli import line_check
from hotline.staff.cli import user
from hotline.stand.cli import COMMANDS as STAND_COMMANDS
from hotline.stats.cli import stats


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline")
@click.option("-v", "--verbose", is_flag=True, help="Log every step.")
def main(verbose: bool) -> None:
    """Contact centre for public hotlines."""
    try:
        logs.set_up(os.environ.get("HOTLINE_LOG_FORMAT", "text"), logging.DEBUG if verbose else logging.INFO)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


for command in (*STAND_COMMANDS, backup, db, line_check, load, profile, recordings, register, restore, stats, user):
    main.add_command(command)


@main.command()
def serve() -> None:
    """Run the service with the settings of the environment (docs/operations.md)."""
    from hotline.app import serve as run  # noqa: PLC0415 - keeps `hotline --help` fast

    try:
        asyncio.run(run(Settings()))
    except HotlineError as error:
        raise click.ClickException(error.message) from error
