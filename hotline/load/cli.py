"""``hotline load``: a whole contact centre at work, and whether the product counted right."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.config import Settings
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.load.script import Script, parse, preset, presets
from hotline.load.session import Person, read_people
from hotline.stand.application import DEFAULT_FOLDER, read_run_info

if TYPE_CHECKING:
    from hotline.load.runner import Options
    from hotline.stand.sipp import TelephoneLine

CLEAR = "\r\x1b[K"
"""Back to the beginning of the line, and forget what it said (ECMA-48)."""


@click.group(invoke_without_command=True)
@click.option("--operators", type=click.IntRange(1, 500), default=5, show_default=True, help="How many.")
@click.option("--callers", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many citizens.")
@click.option("--script", default="smoke", show_default=True, help=f"A TOML file, or one of: {', '.join(presets())}.")
@click.option("--people", type=click.File(encoding="utf-8"), help="The operators: lines 'login password'.")
@click.option("--supervisor", default="admin", show_default=True, help="Sees all calls with their numbers, may listen.")
@click.option("--supervisor-password", envvar="HOTLINE_LOAD_PASSWORD", help="Better in HOTLINE_LOAD_PASSWORD.")
@click.option("--url", help="The running service; by default the stand's.")
@click.option("--stand", type=click.Path(path_type=Path), default=DEFAULT_FOLDER, show_default=True)
@click.option("--did", default="88001000000", show_default=True, help="The hotline's number.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same day.")
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0, help="Times faster than the script.")
@click.option(
    "--greeting", type=click.FloatRange(0, 120), default=12.0, show_default=True, help="Seconds that it takes."
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, help="For the operators' telephones.")
@click.option("--tolerance", type=click.FloatRange(0.1, 60), default=2.0, help="Seconds by which times may differ.")
@click.option("--recordings/--no-recordings", default=True, help="Whether to listen to every recording at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def load(context: click.Context, /, **chosen: Any) -> None:
    """Let operators without browsers serve simulated citizens, and compare every call with the journal.

    All is real but the people: log-in, telephones, Asterisk, recordings. Ctrl+C ends it in order, with a report of what
    there was. Exit status: 0 every call was right, 1 some were not or it could not begin, 2 wrong options.
    """
    if context.invoked_subcommand is not None:
        return
    if chosen["people"] is None or chosen["supervisor_password"] is None:
        raise click.UsageError("--people and --supervisor-password are wanted; `hotline load people` makes operators")
    try:
        info = read_run_info(chosen["stand"])
        text, ok = asyncio.run(run(_options(chosen, info.url), info, as_json=chosen["as_json"]))
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    click.echo(text)
    sys.exit(0 if ok else 1)


@load.command("people")
@click.option("--count", type=click.IntRange(1, 500), default=5, show_default=True)
@click.option("--first-extension", type=click.IntRange(100, 999), default=110, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Gets the passwords.")
def people_command(count: int, first_extension: int, out: Path) -> None:
    """Make operators for a load in the database of the settings (HOTLINE_DATABASE_URL). Not for real installations."""
    from hotline.load.people import hire  # noqa: PLC0415

    async def make() -> list[Person]:
        db = Database.connect(Settings().database_url.get_secret_value())
        try:
            return await hire(db, count, first_extension=first_extension)
        finally:
            await db.close()

    try:
        made = asyncio.run(make())
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    out.touch(mode=0o600)
    out.write_text("".join(f"{one.login} {one.password}\n" for one in made), encoding="utf-8")
    click.echo(f"{out}: {count} operators, extensions {first_extension} to {first_extension + count - 1}")


async def run(options: Options, line: TelephoneLine, *, as_json: bool) -> tuple[str, bool]:
    """Run a load with a line of progress; return the report and whether all was right."""
    from hotline.load.runner import Load  # noqa: PLC0415

    show = sys.stderr.isatty() and not as_json
    width = _width()
    whole = Load(options, line, lambda: _show(whole.progress()[:width]) if show else None)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, whole.stop.set)
    try:
        report = await whole.run()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        if show:
            _show("")
    return (json.dumps(report.as_json(), ensure_ascii=False) if as_json else report.text()), report.ok


def _options(chosen: Mapping[str, Any], url: str) -> Options:
    # Imported late: the media library takes half a second that `hotline --help` should not cost.
    from hotline.load.runner import Options  # noqa: PLC0415

    same = ("operators", "callers", "seed", "speed", "did", "processes", "recordings")
    return Options(
        url=(chosen["url"] or url).rstrip("/"),
        people=read_people(chosen["people"].read()),
        supervisor=Person(chosen["supervisor"], chosen["supervisor_password"]),
        script=_script(chosen["script"]),
        tolerance_s=chosen["tolerance"],
        greeting_s=chosen["greeting"],
        **{name: chosen[name] for name in same},
    )


def _script(name: str) -> Script:
    path = Path(name)
    if path.suffix != ".toml":
        return preset(name)
    try:
        return parse(path.read_text(encoding="utf-8"), name=path.stem)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error


def _show(text: str) -> None:
    sys.stderr.write(CLEAR + text)
    sys.stderr.flush()


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns - 1
    except OSError:
        return 120
