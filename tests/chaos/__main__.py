"""``python -m tests.chaos [--only NAME …] [--calls 50] [--short] [--json]``: break everything, say what held.

Exit status: 0 every promise was kept, 1 one was broken or a scenario could not be played, 2 wrong options or no right
to make namespaces. Ctrl+C ends it; what was played is reported, and nothing is left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import traceback
from collections.abc import Coroutine, Sequence

from tests.chaos.faults import FAULTS, Fault, clock_library
from tests.chaos.isolation import enter
from tests.chaos.play import LEAVERS, SOUND, Play
from tests.chaos.report import Outcome, as_json, table

FEWEST = SOUND + 1 + LEAVERS + 1


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", choices=[one.name for one in FAULTS])
    parser.add_argument("--calls", type=int, default=50, help=f"live at the moment of the fault, from {FEWEST}")
    parser.add_argument("--short", action="store_true", help="a minute without PostgreSQL instead of ten")
    parser.add_argument("--json", action="store_true", help="all facts, for programs")
    parser.add_argument("--list", action="store_true", help="name the faults")
    chosen = parser.parse_args(arguments)
    if chosen.calls < FEWEST:
        parser.error(f"--calls: {FEWEST} at least")
    return chosen


async def play(fault: Fault, chosen: argparse.Namespace) -> Outcome:
    """Play one scenario; whatever goes wrong becomes its outcome."""
    if fault.needs_clock and clock_library() is None:
        return Outcome(fault.name, None, "libfaketime is not installed (Debian: libfaketime)", skipped=True)
    try:
        return Outcome(fault.name, await Play(fault, chosen.calls, chosen.short).run())
    except Exception as error:  # noqa: BLE001 - the next scenario has a house of its own
        sys.stderr.write(traceback.format_exc())
        return Outcome(fault.name, None, f"{type(error).__name__}: {error}")


async def unless(stopped: asyncio.Event, playing: Coroutine[None, None, Outcome]) -> Outcome | None:
    """Return what came of it; ``None`` when somebody wants to stop, after everything is taken down."""
    scenario, interrupted = asyncio.create_task(playing), asyncio.create_task(stopped.wait())
    await asyncio.wait({scenario, interrupted}, return_when=asyncio.FIRST_COMPLETED)
    for task in (scenario, interrupted):
        task.cancel()  # harmless to what is done
    await asyncio.gather(scenario, interrupted, return_exceptions=True)
    return None if stopped.is_set() else scenario.result()


async def run(chosen: argparse.Namespace) -> int:
    """Play all that is chosen, one after the other."""
    outcomes: list[Outcome] = []
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    for fault in (one for one in FAULTS if not chosen.only or one.name in chosen.only):
        sys.stderr.write(f"{fault.name}: {fault.what} ...\n")
        outcome = await unless(stopped, play(fault, chosen))
        if outcome is None:
            outcomes.append(Outcome("interrupted", None, f"in {fault.name}; the rest was not played"))
            break
        outcomes.append(outcome)
        sys.stderr.write(f"{table(outcomes[-1:])}\n")
    sys.stdout.write(json.dumps(as_json(outcomes), ensure_ascii=False) if chosen.json else table(outcomes))
    sys.stdout.write("\n")
    return 0 if all(one.ok for one in outcomes) else 1


def main(arguments: Sequence[str]) -> int:
    """Do it all."""
    chosen = options(arguments)
    if chosen.list:
        sys.stdout.write("".join(f"{one.name:<18} {one.what}\n" for one in FAULTS))
        return 0
    try:
        enter("tests.chaos", arguments)
    except PermissionError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return asyncio.run(run(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
