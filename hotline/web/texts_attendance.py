"""Words for the errors of attendance and planning (see ``error_texts``)."""

from __future__ import annotations

from hotline.web.i18n import mark

ERRORS = {
    "no-such-employee": mark("There is no such employee, or you do not plan for him."),
    "stale-roster": mark("Somebody else planned one of these days meanwhile. Look at them and plan again."),
    "roster-changed": mark("The plan changed meanwhile. Look at it and try again."),
    "shifts-overlap": mark("Shifts of one person would overlap. Nothing was changed."),
    "no-roster-change": mark("This change was taken back already."),
    "no-such-shift": mark("There is no such shift, or you may not change it."),
    "no-such-absence": mark("This absence was taken back already."),
    "absence-overlaps": mark("He is away on some of these days already."),
    "no-roster-columns": mark(
        "The first row must name the columns: login, internal number or name; date; and shift, or from and to."
    ),
}
FIELDS = {
    "not a time": mark("is not a time of day"),
    "several have this name": mark("several people have this name: use the login or the number"),
    "overlaps": mark("overlaps another shift"),
    "0 to 480": mark("must be from 0 to 480"),
    "lies before the first day": mark("lies before the first day"),
}
