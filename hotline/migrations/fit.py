"""May this program work on that schema? Pure.

A migration only adds (expand): the program before it goes on working, and may even be started again. What takes away
(contract) says from which program on the schema may be used (``schema_state.oldest``), in a release of its own after
nobody uses the old things any more (docs/upgrade.md).
"""

from __future__ import annotations

from collections.abc import Collection


def misfit(program: str, known: Collection[str], present: str | None, oldest: str) -> str:
    """Return why a program cannot work on a schema, with the cure; "" when it can.

    :param program: id of the newest migration that the program has; ``known`` are all of them.
    :param present: id of the newest migration that the database has; ``None`` when it is empty.
    :param oldest: id of the newest migration of the oldest program that may use the schema.
    """
    if present is None:
        return "the database is empty: hotline db upgrade"
    if present == program:
        return ""
    if present in known:
        return f"the schema of the database is too old ({present}, the program needs {program}): hotline db upgrade"
    if program >= oldest:
        return ""  # newer, and made so that this program may go on
    return (
        f"the schema of the database is too new ({present}; it needs a program from {oldest} on, this one is "
        f"{program}): start the version that upgraded it"
    )
