"""Commands of the stand and of Asterisk's configuration: ``stand``, ``demo call``, ``doctor``, ``asterisk render``."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
from pydantic import ValidationError

from hotline.errors import HotlineError, NotFound
from hotline.stand import application, doctor
from hotline.stand.asterisk_root import AsteriskRoot, provide_asterisk_now
from hotline.stand.environment import RenderEnvironment
from hotline.stand.prompts import build_prompts
from hotline.stand.rendering import diff, render, write


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=application.DEFAULT_FOLDER, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Browsers allow the microphone on localhost only.")
@click.option("--port", type=int, default=0, help="0: 8080, or any free one when that is taken.")
@click.pass_context
def stand(context: click.Context, folder: Path, host: str, port: int) -> None:
    """Run everything here: a private PostgreSQL, a private Asterisk and the service. Ctrl+C stops it."""
    root = context.find_root().command

    def command(words: Sequence[str]) -> None:
        root.main(args=list(words), prog_name="hotline", standalone_mode=False)

    try:
        asyncio.run(application.run_stand(folder, host, port, command))
    except HotlineError as error:
        raise click.ClickException(error.message) from error


@click.group()
def demo() -> None:
    """Show the product at work."""


@demo.command("call")
@click.option("--caller", default="+79280001122", show_default=True, help="The citizen's telephone number.")
@click.option("--did", default="88001000000", show_default=True, help="The hotline's number that he dials.")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="When he gives up.")
@click.option("--tone", type=click.FloatRange(100, 3400), help="A tone in hertz instead of Russian speech.")
@click.option("--folder", type=click.Path(path_type=Path), default=application.DEFAULT_FOLDER)
def demo_call(caller: str, did: str, seconds: float, tone: float | None, folder: Path) -> None:
    """Call the running stand as a citizen: an operator who is at work sees it ring after the greeting."""
    try:
        info = application.read_run_info(folder)
        click.echo(f"{caller} calls {did}; open {info.url} (Ctrl+C: he hangs up)")
        result = asyncio.run(application.demo_call(info, caller=caller, did=did, seconds=seconds, tone=tone))
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    if not result.ok:
        raise click.ClickException(f"the call failed: {result.errors}")
    click.echo("the call is over")


@click.group()
def asterisk() -> None:
    """Asterisk's configuration."""


@asterisk.command("render")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Instead of the settings' config_dir.")
@click.option("--diff", "only_diff", is_flag=True, help="Show what would change; write nothing. Ends with 1 if so.")
def asterisk_render(out: Path | None, only_diff: bool) -> None:
    """Render the configuration files from the settings (HOTLINE_ASTERISK_…, docs/operations.md)."""
    try:
        settings = RenderEnvironment()
        files = render(settings)
    except ValidationError as error:
        raise click.ClickException(str(error)) from error
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    folder = out or settings.config_dir
    if only_diff:
        text = diff(files, folder)
        click.echo(text, nl=False)
        raise SystemExit(1 if text else 0)
    changed = write(files, folder)
    click.echo(f"{folder}: {len(changed)} of {len(files)} files changed{': ' if changed else ''}{', '.join(changed)}")
    if changed:
        click.echo("Asterisk reads them after: asterisk -rx 'core reload' (modules.conf, asterisk.conf: restart)")


@asterisk.command("prompts")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
def asterisk_prompts(out: Path) -> None:
    """Put what the hotline says into a folder: own recordings where there are any, synthetic speech otherwise."""
    try:
        root = AsteriskRoot(Path("/")) if shutil.which("espeak-ng") else provide_asterisk_now()
        prompts = build_prompts(root)
    except HotlineError as error:
        raise click.ClickException(error.message) from error
    out.mkdir(parents=True, exist_ok=True)
    for prompt in sorted(prompts.glob("*.wav")):
        shutil.copyfile(prompt, out / prompt.name)
        click.echo(out / prompt.name)


@click.command("doctor")
@click.option("--folder", type=click.Path(path_type=Path), default=application.DEFAULT_FOLDER, show_default=True)
def run_doctor(folder: Path) -> None:
    """Say what is wrong with this installation and how to mend it. Ends with 1 when something is."""
    if "HOTLINE_DATABASE_URL" not in os.environ:  # no installation is set up here, but a stand may be running
        with suppress(NotFound):
            os.environ.update(application.read_run_info(folder).environment)
            click.echo(f"the stand in {folder} (HOTLINE_DATABASE_URL is not set)")
    findings = asyncio.run(doctor.examine_environment())
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.name}: {finding.detail}")
        if not finding.ok:
            click.echo(f"     cure: {finding.cure}")
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


COMMANDS = (stand, demo, asterisk, run_doctor)
"""Registered in ``hotline/cli.py``."""
