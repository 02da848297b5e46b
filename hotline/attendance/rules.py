"""How work is held against the plan: pure, no clock of its own (S001A-08).

Work comes as stretches of the log of states. What lies together without an hour offline between is a *session*; a
session belongs to the shift that it overlaps (cut in the middle of the gap when it overlaps several), or to one that is
near; any other was work without a plan, and counts on the day on which it began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hotline.attendance.model import Account, Day, Doing, Piece, Shift, Slot, Standing, Stretch, Tolerance

USUAL = Tolerance()


def bounds(day: date, slot: Slot, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a shift begins and ends, in UTC: by the clock on the wall, also when it is put forward or back.

    A time that the clock leaves out is read by the offset before the change (PEP 495), so 02:30 becomes 03:30.
    """
    last = day + timedelta(days=1) if slot.overnight else day
    return _moment(day, slot.starts, zone), _moment(last, slot.ends, zone)


def pieces(stretches: Sequence[Stretch], now: datetime, tolerance: Tolerance = USUAL) -> list[Piece]:
    """Return what counts of a person's stretches, in order; what is still going on ends ``now``.

    A line of the log longer than ``tolerance.longest`` proves nothing beyond it: the service was dead and
    nobody told it that the operator had gone.
    """
    found = []
    for one in sorted(stretches, key=lambda stretch: stretch.start):
        end = min(one.end or now, now)
        if end <= one.start:
            continue
        doubtful = one.single and end - one.start > tolerance.longest
        found.append(
            Piece(
                one.doing,
                one.start,
                one.start + tolerance.longest if doubtful else end,
                one.reason,
                present=one.end is None and not doubtful,
                doubtful=doubtful,
            )
        )
    return found


def sessions(found: Sequence[Piece]) -> list[list[Piece]]:
    """Return runs of pieces that touch. A lost connection at either end of a run is no work: he was not there."""
    runs: list[list[Piece]] = []
    for one in found:
        if runs and one.start <= runs[-1][-1].end:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [run for run in map(_trimmed, runs) if run]


def assign(
    shifts: Sequence[Shift], found: Sequence[Piece], zone: ZoneInfo, tolerance: Tolerance = USUAL
) -> tuple[dict[date, list[Piece]], dict[date, list[Piece]]]:
    """Return the pieces of each shift, by its day, and those without a plan, by the day on which they began."""
    planned: dict[date, list[Piece]] = defaultdict(list)
    unplanned: dict[date, list[Piece]] = defaultdict(list)
    in_order = sorted(shifts, key=lambda shift: shift.starts_at)
    for session in sessions(found):
        start, end = session[0].start, session[-1].end
        owners = [one for one in in_order if one.starts_at < end and one.ends_at > start]
        if not owners:
            owners = _nearest(in_order, start, end, tolerance)
        if not owners:
            unplanned[start.astimezone(zone).date()] += session
            continue
        cuts = [one.ends_at + (after.starts_at - one.ends_at) / 2 for one, after in pairwise(owners)]
        for owner, left, right in zip(owners, [start, *cuts], [*cuts, end], strict=True):
            planned[owner.day] += _clipped(session, left, right)
    return dict(planned), dict(unplanned)


def account(
    shift: Shift | None,
    its: Sequence[Piece],
    now: datetime,
    breaks: Collection[str] = (),
    tolerance: Tolerance = USUAL,
) -> Account:
    """Return what somebody did of a shift; without one, what he did at all.

    :param breaks: codes of the pause reasons that are breaks; other pauses are work of another kind.
    """
    pauses: dict[str, float] = defaultdict(float)
    for one in its:
        if one.doing is Doing.PAUSE:
            pauses[one.reason] += one.seconds
    break_s = sum(seconds for reason, seconds in pauses.items() if reason in breaks)
    lost_s = sum(one.seconds for one in its if one.doing is Doing.LOST)
    present = any(one.present and one.doing is not Doing.LOST for one in its)
    found = Account(
        first_ready=next((one.start for one in its if one.doing is Doing.WORK), None),
        left_at=its[-1].end if its and not present else None,
        present=present,
        worked_s=sum(one.seconds for one in its) - lost_s - break_s,
        lost_s=lost_s,
        pauses=dict(pauses),
        break_s=break_s,
        doubtful=any(one.doubtful for one in its),
    )
    return found if shift is None else _against(shift, found, its, now, tolerance)


def standing(
    shift: Shift | None, excuse: str | None, found: Account, now: datetime, tolerance: Tolerance = USUAL
) -> Standing:
    """Say how somebody stands to his plan ``now``."""
    came = found.present or found.left_at is not None
    if shift is None:
        if came:
            return Standing.UNPLANNED
        return Standing.OFF if excuse is None else Standing.EXCUSED
    if found.present:
        return Standing.PRESENT
    if excuse is not None and not came:
        return Standing.EXCUSED
    if now < shift.ends_at:
        return _during(shift, excuse, found, now, tolerance)
    return Standing.DONE if came and _touched(shift, found) else Standing.ABSENT


def day_of(
    day: date,
    shift: Shift | None,
    excuse: str | None,
    its: Sequence[Piece],
    now: datetime,
    breaks: Collection[str] = (),
    tolerance: Tolerance = USUAL,
) -> Day:
    """Put a day together."""
    found = account(shift, its, now, breaks, tolerance)
    return Day(day, shift, excuse, found, standing(shift, excuse, found, now, tolerance), tuple(its))


def days_of(
    days: Sequence[date],
    shifts: Mapping[date, Shift],
    excuses: Mapping[date, str],
    stretches: Sequence[Stretch],
    now: datetime,
    zone: ZoneInfo,
    breaks: Collection[str] = (),
    tolerance: Tolerance = USUAL,
) -> list[Day]:
    """Return a person's days. ``shifts`` and ``stretches`` reach a day beyond them on both sides."""
    planned, unplanned = assign(list(shifts.values()), pieces(stretches, now, tolerance), zone, tolerance)
    found = []
    for day in days:
        shift = shifts.get(day)
        its = planned.get(day, []) if shift else unplanned.get(day, [])
        found.append(day_of(day, shift, excuses.get(day), its, now, breaks, tolerance))
        if shift and unplanned.get(day):  # besides the shift, far from it: it is his work of the day all the same
            found[-1] = _with_more(found[-1], unplanned[day], now, breaks, tolerance)
    return found


def _with_more(one: Day, more: Sequence[Piece], now: datetime, breaks: Collection[str], tolerance: Tolerance) -> Day:
    extra = account(None, more, now, breaks, tolerance)
    merged = replace(one.account, worked_s=one.account.worked_s + extra.worked_s)
    shown = tuple(sorted((*one.pieces, *more), key=lambda piece: piece.start))
    return replace(one, account=merged, pieces=shown)


def _against(shift: Shift, found: Account, its: Sequence[Piece], now: datetime, tolerance: Tolerance) -> Account:
    over = now >= shift.ends_at
    reached = found.first_ready or (None if over else now)
    late = timedelta() if reached is None else reached - shift.starts_at
    if found.first_ready is not None and found.first_ready >= shift.ends_at:
        late = timedelta()  # he came after it: he was absent, not late
    early = shift.ends_at - found.left_at if over and found.left_at is not None else timedelta()
    if found.left_at is not None and found.left_at <= shift.starts_at:
        early = timedelta()
    after = sum((one.end - max(one.start, shift.ends_at) for one in its if one.end > shift.ends_at), timedelta())
    return replace(
        found,
        late_s=late.total_seconds() if late > tolerance.late else 0,
        early_s=early.total_seconds() if early > tolerance.early else 0,
        overtime_s=after.total_seconds() if after > tolerance.overtime else 0,
        away_s=_away(shift, its),
        break_over_s=max(0.0, found.break_s - shift.slot.break_min * 60),
    )


def _away(shift: Shift, its: Sequence[Piece]) -> float:
    gaps = (
        min(after.start, shift.ends_at) - max(one.end, shift.starts_at)
        for one, after in pairwise(its)
        if after.start > one.end
    )
    return sum(max(timedelta(), gap).total_seconds() for gap in gaps)


def _during(shift: Shift, excuse: str | None, found: Account, now: datetime, tolerance: Tolerance) -> Standing:
    """He is not there, and the shift is not over."""
    if now <= shift.starts_at + tolerance.late:
        return Standing.EXPECTED
    if excuse is not None:
        return Standing.EXCUSED
    if found.left_at is None or found.left_at <= shift.starts_at:
        return Standing.MISSING
    if shift.ends_at - found.left_at <= tolerance.early:
        return Standing.DONE
    return Standing.AWAY if now - found.left_at > tolerance.late else Standing.PRESENT


def _touched(shift: Shift, found: Account) -> bool:
    """Tell whether he was there in the time of the shift."""
    began = found.first_ready is None or found.first_ready < shift.ends_at
    return began and (found.left_at is None or found.left_at > shift.starts_at)


def _nearest(shifts: Sequence[Shift], start: datetime, end: datetime, tolerance: Tolerance) -> list[Shift]:
    gaps = [(max(one.starts_at - end, start - one.ends_at), place) for place, one in enumerate(shifts)]
    near = [found for found in gaps if found[0] <= tolerance.near]
    return [shifts[min(near)[1]]] if near else []


def _clipped(session: Sequence[Piece], left: datetime, right: datetime) -> list[Piece]:
    found = []
    for one in session:
        start, end = max(one.start, left), min(one.end, right)
        if start < end:
            found.append(replace(one, start=start, end=end, present=one.present and end == one.end))
    return found


def _trimmed(run: list[Piece]) -> list[Piece]:
    first, last = 0, len(run)
    while first < last and run[first].doing is Doing.LOST:
        first += 1
    while last > first and run[last - 1].doing is Doing.LOST:
        last -= 1
    return run[first:last]


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
