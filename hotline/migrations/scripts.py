"""The migrations as Alembic knows them: where they are, in which order they come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

HOME = Path(__file__).parent


def config_of(connection: Connection | None = None, more: Sequence[Path] = ()) -> Config:
    """Return Alembic's configuration.

    :param more: folders with further migrations (tests).
    """
    config = Config()
    config.set_main_option("script_location", str(HOME))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", ":".join(str(one) for one in (HOME / "versions", *more)))
    config.attributes["connection"] = connection
    return config


def steps(present: str | None, more: Sequence[Path] = ()) -> list[str]:
    """Return the ids of the migrations that lead from ``present`` to the newest, in order.

    :raises alembic.util.CommandError: ``present`` is not known here.
    """
    scripts = ScriptDirectory.from_config(config_of(more=more))
    return [one.revision for one in scripts.iterate_revisions("head", present or "base")][::-1]


def head(more: Sequence[Path] = ()) -> str | None:
    """Return the id of the newest migration."""
    return ScriptDirectory.from_config(config_of(more=more)).get_current_head()


def known(more: Sequence[Path] = ()) -> frozenset[str]:
    """Return the ids of all migrations of this program."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(config_of(more=more)).walk_revisions())
