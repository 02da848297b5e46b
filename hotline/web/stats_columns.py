"""The columns of the page of statistics: what they are called, how they are written, which calls stand behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hotline.stats import queries
from hotline.stats.model import Figures
from hotline.web.i18n import mark, show_decimal, show_duration
from hotline.web.spreadsheet import Value


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``unit``: ``count``, ``seconds``, ``share`` (0 … 1) or ``points`` (a number with one decimal)."""

    code: str
    title: str
    unit: str
    value: Callable[[Figures], float | None]

    @property
    def countable(self) -> bool:
        """Whether calls stand behind each figure."""
        return any(self.code in known for known in (queries.CALLS, queries.RATINGS, queries.PARTS))

    def shown(self, figures: Figures) -> str:
        """Write the figure for people; a dash when there is nothing to divide by."""
        value = self.value(figures)
        if value is None:
            return "—"
        if self.unit == "share":
            return f"{show_decimal(value * 100, 1)} %"
        if self.unit == "points":
            return show_decimal(value, 1)
        return show_duration(value) if self.unit == "seconds" else str(int(value))

    def cell(self, figures: Figures) -> Value:
        """Return the figure for a spreadsheet: whole seconds, shares in per cent."""
        value = self.value(figures)
        if value is None:
            return ""
        if self.unit == "share":
            return round(value * 100, 2)
        if self.unit == "points":
            return round(value, 2)
        return round(value) if self.unit == "seconds" else int(value)


def _column(code: str, title: str, unit: str = "count", name: str = "") -> Column:
    return Column(code, title, unit, lambda figures: getattr(figures, name or code))


COLUMNS = {
    column.code: column
    for column in (
        _column("entered", mark("Calls")),
        _column("out_of_hours", mark("Out of hours")),
        _column("voicemail", mark("Voice mail")),
        _column("callback", mark("Asked to be called back")),
        _column("abandoned_ivr", mark("Hung up in the greeting")),
        _column("offered", mark("Offered")),
        _column("answered", mark("Answered calls")),
        _column("in_goal", mark("Answered in time")),
        _column("service_level", mark("Service level"), "share"),
        _column("abandoned", mark("Abandoned")),
        _column("abandoned_share", mark("Share abandoned"), "share"),
        _column("short", mark("Short")),
        _column("left", mark("Led out of the queue")),
        _column("again", mark("Queued again")),
        _column("wait_mean", mark("Mean wait"), "seconds"),
        _column("wait_p50", mark("Median wait"), "seconds"),
        _column("wait_p95", mark("95th percentile of waits"), "seconds"),
        _column("wait_max", mark("Longest wait"), "seconds"),
        _column("handled", mark("Conversations")),
        _column("talk_s", mark("Talk time"), "seconds"),
        _column("hold_s", mark("Time on hold"), "seconds"),
        _column("wrap_s", mark("After-call work"), "seconds"),
        _column("aht", mark("Mean handling time"), "seconds", "handling_s"),
        _column("occupancy", mark("Occupancy"), "share"),
        _column("outgoing", mark("Outgoing conversations")),
        _column("outgoing_s", mark("Outgoing talk"), "seconds"),
        _column("consulted", mark("Consultations")),
        _column("completed", mark("Transferred after asking")),
        _column("joined", mark("Talks of three")),
        _column("cancelled", mark("Consultations without transfer")),
        _column("blind", mark("Sent without asking")),
        _column("blind_done", mark("Sent and taken")),
        _column("asked", mark("Asked how it was")),
        _column("rated", mark("Said how it was")),
        _column("low", mark("Gave 1 or 2")),
        _column("score_mean", mark("Mean of 1 to 5"), "points"),
        _column("csat", mark("CSAT"), "share"),
        _column("nps", mark("NPS"), "points"),
        _column("lost", mark("Operator's connection lost")),
        _column("recovered", mark("Connection recovered")),
    )
}
CHOSEN = (
    "entered", "offered", "answered", "service_level", "abandoned", "wait_mean", "wait_max", "handled", "aht",
    "occupancy",
)  # fmt: skip
"""Columns of who has chosen none."""


def chosen(codes: list[str]) -> list[Column]:
    """Return the named columns in their own order; unknown ones are left out."""
    wanted = [column for code, column in COLUMNS.items() if code in codes]
    return wanted or [COLUMNS[code] for code in CHOSEN]


DIFFERS = {
    "call": mark("The call itself"),
    "direction": mark("Direction"),
    "started": mark("Beginning"),
    "ended": mark("End of the call"),
    "outcome": mark("Outcome"),
    "operator": mark("Who talked last"),
    "operators": mark("Who talked, in turn"),
    "talked": mark("Length of the talk"),
    "waits": mark("How often he waited"),
    "wait": mark("Wait number"),
}
"""What ``stats.compare`` names, in words; a wait has its number behind the word."""


def differs(what: str) -> tuple[str, str]:
    """Return the words for what differs in a call, to be translated, and the number behind them, if any."""
    name, _, number = what.partition(" ")
    return DIFFERS.get(name, name), number
