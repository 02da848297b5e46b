"""What no migration of a running service may do: rewrite a table, read a whole one under a lock, take away in passing.

Pure: looks at the SQL that Alembic writes for a migration. The rules are those of PostgreSQL 15 (ALTER TABLE, CREATE
INDEX; chapter 13.3.1, table-level locks). A table that the same migration makes is in nobody's use yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r'(?:ONLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"?(?:\w+"?\.)?"?(\w+)"?'
_CREATED = re.compile(rf"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+{_NAME}", re.I)
_ABOUT = (
    re.compile(rf"^ALTER\s+TABLE\s+{_NAME}", re.I),
    re.compile(rf"^CREATE\s+(?:UNIQUE\s+)?INDEX\b.*?\sON\s+{_NAME}", re.I | re.S),
    re.compile(
        rf"^(?:UPDATE|DELETE\s+FROM|LOCK(?:\s+TABLE)?|CLUSTER|VACUUM\s+FULL|TRUNCATE(?:\s+TABLE)?)\s+{_NAME}", re.I
    ),
)
_VOLATILE = r"(?:gen_random_uuid|random|clock_timestamp|timeofday|nextval|uuid_generate\w*)\s*\("


@dataclass(frozen=True, slots=True)
class Danger:
    """A statement that would stop people's work, why, and what to do instead."""

    statement: str
    why: str
    instead: str


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    why: str
    instead: str


def _rule(pattern: str, why: str, instead: str) -> _Rule:
    return _Rule(re.compile(pattern, re.I | re.S), why, instead)


_EXPAND = "in a release after the last one that uses it, with contract() (docs/upgrade.md)"
_NOT_VALID = "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT in the next migration"
RULES = (
    _rule(
        r"\bADD\s+COLUMN\b(?!.*\bDEFAULT\b).*\bNOT\s+NULL\b",
        "fails on a table with rows",
        "add it with a constant DEFAULT, or nullable",
    ),
    _rule(
        rf"\bADD\s+COLUMN\b.*(\bDEFAULT\s+{_VOLATILE}|\bGENERATED\b|\b(?:BIG|SMALL)?SERIAL\b)",
        "rewrites the table under an exclusive lock",
        "add the column empty, fill it in batches",
    ),
    _rule(
        r"\bADD\s+COLUMN\b.*\b(UNIQUE|PRIMARY\s+KEY)\b",
        "builds an index under an exclusive lock",
        "CREATE UNIQUE INDEX CONCURRENTLY",
    ),
    _rule(
        r"\bADD\s+COLUMN\b.*\bREFERENCES\b",
        "locks the other table, too, and has nothing to check yet",
        _NOT_VALID,
    ),
    _rule(
        r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b",
        "rewrites the table under an exclusive lock",
        "a new column, filled in batches; the old one goes in a later release",
    ),
    _rule(
        r"\bSET\s+NOT\s+NULL\b",
        "reads the whole table under an exclusive lock",
        "CHECK (… IS NOT NULL) NOT VALID, then VALIDATE",
    ),
    _rule(
        r"\bADD\s+(CONSTRAINT\s+\S+\s+)?(FOREIGN\s+KEY|CHECK)\b(?!.*\bNOT\s+VALID\b)",
        "reads the whole table under a lock",
        _NOT_VALID,
    ),
    _rule(
        r"\bADD\s+(CONSTRAINT\s+\S+\s+)?(UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b(?!\s+USING\s+INDEX)",
        "builds an index under an exclusive lock",
        "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
    ),
    _rule(
        r"^CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)",
        "nobody can write into the table while the index is built",
        "postgresql_concurrently=True inside op.get_context().autocommit_block()",
    ),
    _rule(
        r"^DROP\s+INDEX\s+(?!CONCURRENTLY\b)",
        "takes an exclusive lock on the table",
        "postgresql_concurrently=True inside op.get_context().autocommit_block()",
    ),
    _rule(
        r"^(LOCK\b|CLUSTER\b|REINDEX\b(?!.*CONCURRENTLY)|VACUUM\s+FULL|TRUNCATE\b)",
        "keeps everybody out of the table",
        "nothing does this while people work",
    ),
    _rule(r"^(UPDATE|DELETE\s+FROM)\b", "keeps its rows locked until the end", "a background job, in batches"),
    _rule(r"^DROP\s+(TABLE|COLUMN|VIEW|TYPE|SCHEMA|SEQUENCE)\b", "the program before it still uses that", _EXPAND),
    _rule(r"\bDROP\s+COLUMN\b", "the program before it still uses that", _EXPAND),
    _rule(r"\bRENAME\b", "the program before it knows the old name", "a new one beside it, " + _EXPAND),
)
_TAKES_AWAY = ("the program before it still uses that", "the program before it knows the old name")


def dangers(sql: str) -> list[Danger]:
    """Return what is dangerous in the SQL of one migration, in its order."""
    statements = _statements(sql)
    made = {match.group(1).lower() for one in statements for match in _CREATED.finditer(one)}
    contracts = any(re.match(r"UPDATE\s+schema_state\b", one, re.I) for one in statements)
    found = []
    for one in statements:
        if _about(one) in {*made, "alembic_version", "schema_state"}:
            continue
        rules = (rule for rule in RULES if rule.pattern.search(one))
        found += [Danger(one, rule.why, rule.instead) for rule in rules if not (contracts and rule.why in _TAKES_AWAY)]
    return found


def contract(oldest: str) -> str:
    """Return the statement by which a migration that takes something away says who may still use the schema.

    :param oldest: id of the newest migration of the oldest such program.
    :raises ValueError: that is not the id of a migration.
    """
    if not re.fullmatch(r"\d{4}", oldest):
        raise ValueError(f"not the id of a migration: {oldest!r}")
    return f"UPDATE schema_state SET oldest = '{oldest}'"  # noqa: S608 - four digits


def _about(statement: str) -> str:
    """Return the table that a statement is about."""
    for pattern in _ABOUT:
        if match := pattern.search(statement):
            return match.group(1).lower()
    return ""


def _statements(sql: str) -> list[str]:
    """Return the statements without comments. Bodies of functions ($$) are kept whole."""
    text = re.sub(r"^\s*--.*$", "", sql, flags=re.M)
    parts = re.split(r";(?=(?:[^$]*\$\$[^$]*\$\$)*[^$]*\Z)", text)
    return [" ".join(part.split()) for part in parts if part.strip()]
