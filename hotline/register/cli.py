"""Commands: ``hotline register import FILE``, ``hotline register list``; ``work`` is started by the service."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.errors import Conflict, HotlineError
from hotline.register import columns, files
from hotline.register.model import Layout, State
from hotline.register.service import Register, Start
from hotline.register.tables import RegisterBatchRow
from hotline.register.work import Worker, worker_database

MEMORY = 3 * 1024**3
"""Bytes of address space that the worker may use."""
NICE = 10


@click.group("register")
def register() -> None:
    """The register of insured persons."""


@register.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--encoding", help="utf-8, cp1251 or cp866; detected otherwise.")
@click.option("--delimiter", help="Of a CSV file; detected otherwise.")
@click.option("--column", "chosen", multiple=True, help="HEADING=field, e.g. 'Полис=enp'; 'Полис=' leaves it out.")
@click.option("--full", is_flag=True, help="The file holds everybody: close whom it misses.")
@click.option("--limit", default=5, show_default=True, help="With --full: close nobody if more percent are missing.")
@click.option("--scope", default="", help="Whose register, when several are imported.")
@click.option("--again", is_flag=True, help="Also if the very same file was imported before.")
@click.option("--check", is_flag=True, help="Only show how the file would be read.")
def import_(file: Path, chosen: tuple[str, ...], check: bool, full: bool, limit: int, again: bool, **how: str) -> None:
    """Import FILE (CSV, XLSX or DBF). An import that was cut off goes on where it was."""

    async def run() -> None:
        layout = _chosen(
            files.examine(file, encoding=how["encoding"] or "", delimiter=how["delimiter"] or ""), chosen
        )  # fmt: skip
        _show(layout)
        columns.require_enough(layout.columns)
        if check:
            return
        settings = Settings()
        async with worker_database(settings.database_url.get_secret_value()) as db:
            its = Register(db, SystemClock(), settings.register_dir)
            batch_id = await its.take_file(file, layout)
            try:
                await its.start(None, batch_id, Start(layout.columns, full, limit, how["scope"] or "", again))
            except Conflict:
                await its.cancel(None, batch_id)
                raise
            await _work(db, settings, batch_id)

    _run(run())


@register.command("list")
def list_() -> None:
    """Show the latest imports."""

    async def run() -> None:
        settings = Settings()
        async with worker_database(settings.database_url.get_secret_value()) as db:
            for one in await Register(db, SystemClock(), settings.register_dir).batches(None, 20):
                click.echo(
                    f"{one.id:5} {one.created_at:%Y-%m-%d %H:%M} {one.state:10} {one.rows_read:9} rows, "
                    f"{one.added} added, {one.changed} changed, {one.rows_rejected} rejected  {one.file_name}"
                )

    _run(run())


@register.command("work", hidden=True)
def work() -> None:
    """Carry out what waits. The service starts this by itself."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    async def run() -> None:
        settings = Settings()
        async with worker_database(settings.database_url.get_secret_value()) as db:
            await Worker(db, SystemClock(), settings.zone).run()

    _run(run())


async def _work(db: Any, settings: Settings, batch_id: int) -> None:
    last: list[RegisterBatchRow] = []

    def told(batch: RegisterBatchRow) -> None:
        last[:] = [batch]
        click.echo(
            f"\r{batch.state:8} {batch.rows_read:9} rows read, {batch.rows_rejected} rejected; "
            f"{batch.added} added, {batch.changed} changed, {batch.unchanged} as before",
            nl=False,
        )

    if not await Worker(db, SystemClock(), settings.zone, told).run():
        click.echo(f"import {batch_id} waits: another one is being worked off")
        return
    click.echo()
    async with db.begin() as session:
        batch = await session.get_one(RegisterBatchRow, batch_id)
    if batch.state != State.DONE:
        raise click.ClickException(f"import {batch_id} {batch.state}: {batch.problem}")
    if batch.full_file:
        click.echo(f"{batch.missing} missing, {batch.closed} closed")
    if batch.problem:
        click.echo(f"note: {batch.problem}")


def _chosen(layout: Layout, chosen: tuple[str, ...]) -> Layout:
    found = list(layout.columns)
    for one in chosen:
        heading, _, field = one.rpartition("=")
        if heading not in layout.headings:
            raise click.ClickException(f"no column {heading!r}; there are: {', '.join(layout.headings)}")
        found[layout.headings.index(heading)] = field
    return Layout(layout.format, layout.encoding, layout.delimiter, layout.headings, tuple(found))


def _show(layout: Layout) -> None:
    click.echo(
        " ".join(filter(None, (layout.format, layout.encoding, repr(layout.delimiter) if layout.delimiter else "")))
    )
    for heading, field in zip(layout.headings, layout.columns, strict=True):
        click.echo(f"  {heading} -> {field or '(left out)'}")


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except HotlineError as error:
        words = "\n".join([error.message, *(f"  {name}: {what}" for name, what in error.details.items())])
        raise click.ClickException(words) from error
