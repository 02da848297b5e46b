"""Commands: ``hotline backup`` and ``hotline restore``. Exit statuses: docs/backup.md."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import click

from hotline import migrations
from hotline.backup import files
from hotline.backup.files import Failure
from hotline.backup.making import BackupMaker, check
from hotline.backup.manifest import Manifest
from hotline.backup.plan import Places
from hotline.backup.postgres import Server
from hotline.backup.restoring import Restorer
from hotline.clock import SystemClock
from hotline.config import Settings

T = TypeVar("T")
_EVERY_S = 0.2
_EVERY_S_IN_LOGS = 30.0
_FOLDER = click.Path(path_type=Path, file_okay=False)


class Progress:
    """The last line of a terminal; where there is none, a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = -_EVERY_S_IN_LOGS
        self._dirty = False

    def __call__(self, text: str) -> None:
        """Show where the work is."""
        now = time.monotonic()
        if now - self._last < (_EVERY_S if self._terminal else _EVERY_S_IN_LOGS):
            return
        self._last = now
        click.echo(f"\r\x1b[K{text}" if self._terminal else text, err=True, nl=not self._terminal)
        self._dirty = self._terminal

    def clear(self) -> None:
        """Leave the line to what comes next."""
        if self._dirty:
            click.echo("\r\x1b[K", err=True, nl=False)


@click.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option(
    "--keep", type=click.IntRange(1, 10_000), help="Delete all but so many of the newest when it is finished."
)
@click.option("--jobs", type=click.IntRange(1, 32), default=2, show_default=True, help="Tables dumped at a time.")
@click.option("--check", "only_check", is_flag=True, help="Make none: read every byte of the newest one again.")
def backup(folder: Path | None, keep: int | None, jobs: int, only_check: bool) -> None:
    """Back the system up into FOLDER while it works: database, recordings, files of cards (docs/backup.md).

    Without FOLDER: into HOTLINE_BACKUP_DIR.
    """
    settings = Settings()
    where = folder or settings.backup_dir
    if where is None:
        raise click.UsageError("say where: hotline backup FOLDER, or HOTLINE_BACKUP_DIR")
    if only_check:
        _check(where)
        return
    show = Progress()
    server = Server(settings.database_url.get_secret_value())
    maker = BackupMaker(server, Places(settings), where, SystemClock(), show)
    manifest = _run(maker.make(jobs=jobs, keep=keep), show)
    _describe(manifest, "is finished")
    if manifest.faults:
        _lines(manifest.faults)
        click.echo(f"{len(manifest.faults)} faults of the system itself; what is there was backed up", err=True)
        raise SystemExit(Failure.DAMAGED)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--id", "backup_id", metavar="ID", help="Which backup, such as 20261122T213000Z; else the newest.")
@click.option("--overwrite", metavar="DATABASE", default="", help="Throw away what is in the database of this name.")
@click.option("--jobs", type=click.IntRange(1, 32), default=2, show_default=True, help="Tables restored at a time.")
def restore(folder: Path, backup_id: str | None, overwrite: str, jobs: int) -> None:
    """Fill an empty installation from a backup in FOLDER; the service must not run (docs/backup.md)."""
    settings = Settings()
    show = Progress()
    server = Server(settings.database_url.get_secret_value())
    restorer = Restorer(server, Places(settings), folder, migrations.known(), show)
    done = _run(restorer.restore(backup_id, overwrite=overwrite, jobs=jobs), show)
    _describe(done.manifest, "is restored")
    click.echo(f"{done.rows} rows, {done.files} files, {done.copied} of them copied")
    _lines(done.manifest.faults)
    if done.manifest.schema != migrations.head():
        click.echo("the program is newer than the backup: hotline db upgrade")


def _check(folder: Path) -> None:
    show = Progress()
    known = files.backups(folder)
    if not known:
        click.echo(f"Error: there is no finished backup in {folder}", err=True)
        raise SystemExit(Failure.REFUSED)

    async def work() -> tuple[Manifest, list[str]]:
        manifest = files.manifest_of(folder, known[-1])
        return manifest, await check(folder, manifest, show)

    manifest, faults = _run(work(), show)
    if faults:
        _lines(tuple(faults))
        raise SystemExit(Failure.DAMAGED)
    _describe(manifest, "is whole")


def _describe(manifest: Manifest, how: str) -> None:
    click.echo(
        f"backup {manifest.id} {how}: schema {manifest.schema}, {manifest.size / 1e6:.1f} MB, "
        f"{len(manifest.contents)} files, head {manifest.head}"
    )


def _lines(lines: tuple[str, ...]) -> None:
    for line in lines:
        click.echo(line, err=True)


def _run(work: Coroutine[object, object, T], show: Progress) -> T:
    try:
        return asyncio.run(work)
    except Failure as error:
        show.clear()
        _lines(error.lines)
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(error.code) from error
    except OSError as error:
        show.clear()
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(Failure.FAILED) from error
    finally:
        show.clear()
