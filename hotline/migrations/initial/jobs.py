"""The job queue's own tables (ADR 0013), as its release ships them, in a schema of their own."""

from __future__ import annotations

from importlib.metadata import version

from alembic import op
from procrastinate.schema import SchemaManager

JOB_QUEUE = "3.10.0"
"""The release of procrastinate whose tables this revision makes."""


def create() -> None:
    """Make them.

    :raises RuntimeError: another release of procrastinate is installed.
    """
    if (release := version("procrastinate")) != JOB_QUEUE:
        msg = (
            f"procrastinate {release} is installed; these are the tables of {JOB_QUEUE}: add a migration for the change"
        )
        raise RuntimeError(msg)
    jobs = SchemaManager.get_schema()
    script = f"CREATE SCHEMA jobs; SET LOCAL search_path TO jobs; {jobs}; SET LOCAL search_path TO DEFAULT;"
    # Many statements at once: only the driver itself takes them.
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        msg = "a migration runs on a live connection"
        raise RuntimeError(msg)
    connection.run_async(lambda driver: driver.execute(script))
