"""``python -m tests.bench [part…]``: speed as ratios to floors of the same run, so the machine's own speed cancels out.

Fails only when something measured is wrong (an event, a frame or a row is missing), never for being slow.
"""

from __future__ import annotations

import sys

from tests.bench import ami, attendance, board, chain, database, held, lists, persons, push, saves, statistics
from tests.bench.report import Row, table

PARTS = {
    "ami": ami.run,
    "chain": chain.run,
    "push": push.run,
    "board": board.run,
    "attendance": attendance.run,
    "database": database.run,
    "lists": lists.run,
    "persons": persons.run,
    "saves": saves.run,
    "held": held.run,
    "statistics": statistics.run,
}


def main(names: list[str]) -> int:
    """Run the named parts, or all."""
    unknown = set(names) - PARTS.keys()
    if unknown:
        sys.stderr.write(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}\n")
        return 2
    rows: list[Row] = []
    for name in names or PARTS:
        sys.stderr.write(f"measuring {name} ...\n")
        rows += PARTS[name]()
    sys.stdout.write(f"{table(rows)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
