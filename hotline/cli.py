"""The command line: ``hotline …``. Commands live beside what they command; this file only gathers them."""

from __future__ import annotations

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline")
def main() -> None:
    """Contact centre for public hotlines."""
