"""Commands: ``hotline recordings verify|retain|gaps|hold|recover``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import click

from hotline.archive.model import Verdict
from hotline.archive.retention import Terms
from hotline.archive.service import Archive
from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import Conflict, HotlineError

T = TypeVar("T")


@click.group()
def recordings() -> None:
    """Recordings of calls: integrity, terms, completeness."""


@recordings.command()
@click.option("--head", default="", help="A head that was written down earlier and must still be in the chain.")
def verify(head: str) -> None:
    """Check every file and the whole hash chain; exit code 1 when something was changed, lost or moved."""
    verdict: Verdict = _with_archive(lambda archive: archive.verify(head))
    for one in verdict.findings:
        click.echo(f"{one.fault.upper()}: seal {one.number} {one.call_key} {one.file}".rstrip())
    click.echo(f"{verdict.seals} seals, {verdict.files} files, head {verdict.head}")
    if not verdict.ok:
        click.echo(f"{len(verdict.findings)} faults")
        raise click.exceptions.Exit(1)


@recordings.command()
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
def retain(dry_run: bool) -> None:
    """Delete recordings whose term is over. Those under a legal hold and those of open appeals stay."""
    if dry_run:
        due: list[str] = _with_archive(lambda archive: archive.due())
        for key in due:
            click.echo(key)
        click.echo(f"{len(due)} recordings would be deleted")
        return
    count: int = _with_archive(lambda archive: archive.retain())
    click.echo(f"{count} recordings were deleted")


@recordings.command()
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 3660), help="Calls that ended since.")
def gaps(days: int) -> None:
    """Compare talked seconds with recorded seconds; exit code 1 when there are gaps."""
    now = SystemClock().now()
    report = _with_archive(lambda archive: archive.coverage(now - timedelta(days=days), now))
    for gap in report.gaps:
        click.echo(
            f"GAP {gap.missing_s:.1f} s: {gap.call_key} talked {gap.talked_s:.1f} s, recorded {gap.recorded_s:.1f} s"
        )
    click.echo(
        f"{report.calls} calls, {report.talked_s:.0f} s talked, {report.recorded_s:.0f} s recorded "
        f"({report.share:.2%}), {report.paused_s:.0f} s silenced on purpose"
    )
    if report.gaps:
        raise click.exceptions.Exit(1)


@recordings.command()
@click.argument("key")
@click.option("--reason", default="", help="Why it must be kept; leave it out to lift the hold.")
def hold(key: str, reason: str) -> None:
    """Put the recording of call KEY under a legal hold, or lift it."""
    _with_archive(lambda archive: archive.hold(key, reason, user_id=None))
    click.echo(f"{key}: {'held' if reason else 'released'}")


@recordings.command()
def recover() -> None:
    """Take over recordings that are on disk and in no row, and encode what waits. The service does it by itself."""

    async def work(archive: Archive) -> tuple[int, int]:
        stored = encoded = 0
        for key in await archive.lost():
            try:
                stored += await archive.store(key)
            except Conflict:
                click.echo(f"{key}: is being recorded")
            except HotlineError as error:
                click.echo(f"{key}: {error.message}")
        for key in await archive.raw():
            try:
                encoded += await archive.encode(key)
            except HotlineError as error:
                click.echo(f"{key}: {error.message}")
        return stored, encoded

    stored, encoded = _with_archive(work)
    click.echo(f"{stored} taken over, {encoded} encoded")


def terms_of(settings: Settings) -> Terms:
    """Return the terms that the settings say."""
    return Terms(settings.recording_days, settings.recording_queue_days)


def _with_archive(work: Callable[[Archive], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = Settings()
        db = Database.connect(settings.database_url.get_secret_value())
        try:
            return await work(Archive(db, SystemClock(), settings.asterisks, terms_of(settings)))
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except HotlineError as error:
        raise click.ClickException(error.message) from error
