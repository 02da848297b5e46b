"""What the import of the register speaks about: data only.

A register is a file of the fund: one row an insured person (domain 2.2 InsuredRegister).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from hotline.errors import Conflict


class Format(StrEnum):
    """Kinds of files that can be read."""

    CSV = "csv"
    XLSX = "xlsx"
    DBF = "dbf"


class Field(StrEnum):
    """What a column may hold. ``PHONE`` may stand over several columns."""

    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    PATRONYMIC = "patronymic"
    FULL_NAME = "full_name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    ENP = "enp"
    SNILS = "snils"
    POLICY_SERIES = "policy_series"
    POLICY = "policy"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    ADDRESS_FACT = "address_fact"
    INSURER = "insurer"
    CLINIC = "clinic"
    DEAD = "dead"
    VALID_FROM = "valid_from"
    VALID_TO = "valid_to"


class State(StrEnum):
    """Where an import is. ``docs/states.md`` has the drawing."""

    UPLOADING = "uploading"
    READY = "ready"  # columns can be chosen
    WAITING = "waiting"  # for another import to end
    LOADING = "loading"  # file → staging table
    MERGING = "merging"  # staging table → persons
    CLOSING = "closing"  # what a full file misses
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUNNING = (State.LOADING, State.MERGING, State.CLOSING)
OVER = (State.DONE, State.FAILED, State.CANCELLED)

_NEXT: Mapping[State, frozenset[State]] = {
    State.UPLOADING: frozenset({State.READY, State.FAILED, State.CANCELLED}),
    State.READY: frozenset({State.WAITING, State.CANCELLED}),
    State.WAITING: frozenset({State.LOADING, State.CANCELLED}),
    State.LOADING: frozenset({State.MERGING, State.FAILED, State.CANCELLED}),
    State.MERGING: frozenset({State.CLOSING, State.DONE, State.FAILED, State.CANCELLED}),
    State.CLOSING: frozenset({State.DONE, State.FAILED, State.CANCELLED}),
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


def step(state: State, to: State) -> State:
    """Return ``to``, the only door between states.

    :raises Conflict: an import in ``state`` cannot become ``to``.
    """
    if to not in _NEXT[state]:
        raise Conflict(f"an import that is {state} cannot become {to}", error_id="illegal-import-step")
    return to


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read. ``columns`` names what each column holds; ``""`` leaves it out."""

    format: Format
    encoding: str = ""
    delimiter: str = ""
    headings: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "format": self.format.value,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "headings": list(self.headings),
            "columns": list(self.columns),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Layout:
        """Read what :meth:`to_json` wrote."""
        return cls(
            Format(stored["format"]),
            stored["encoding"],
            stored["delimiter"],
            tuple(stored["headings"]),
            tuple(stored["columns"]),
        )


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with a row. ``column`` is a heading, ``""`` for the row as a whole; never any contents."""

    row_no: int
    column: str
    reason: str
    rejected: bool


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A row that was understood. Names of fields are those of the staging table."""

    key: str
    row_hash: int
    last_name: str
    first_name: str
    patronymic: str
    birth_date: date | None
    sex: str
    enp: str | None
    snils: str | None
    policy: str | None
    insurer_id: int | None
    address: str
    address_fact: str
    email: str
    clinic: str
    is_dead: bool
    died_on: date | None
    valid_from: date | None
    valid_to: date | None
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """An import as a screen shows it."""

    id: int
    file_name: str
    size: int
    state: State
    layout: Layout | None
    scope: str
    full_file: bool
    close_limit_pct: int
    cancel_requested: bool
    problem: str
    created_at: datetime
    created_by: str
    started_at: datetime | None
    finished_at: datetime | None
    position: int
    total: int
    rows_read: int
    rows_rejected: int
    warnings: int
    merged_to: int
    added: int
    changed: int
    unchanged: int
    missing: int
    closed: int

    @property
    def share(self) -> float:
        """How much is done, 0…1: reading is taken as two fifths of the work."""
        if self.state in OVER:
            return 1.0
        read = min(1.0, self.position / self.total) if self.total else 0.0
        merged = min(1.0, self.merged_to / self.rows_read) if self.rows_read else 0.0
        return {State.LOADING: 0.4 * read, State.MERGING: 0.4 + 0.58 * merged, State.CLOSING: 0.98}.get(self.state, 0.0)
