"""``python -m tests.bench``: speed as ratios to floors of the same run, so the machine's own speed cancels out."""

from __future__ import annotations

import sys

from tests.bench import ami


def main() -> int:
    """Run every bench; 1 when a bound is exceeded."""
    results = ami.run()
    for result in results:
        sys.stdout.write(f"{result}\n")
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
