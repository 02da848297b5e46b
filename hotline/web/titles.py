"""Words for the codes that other packages speak in: roles, folders, states, outcomes, colours and errors.

Each table maps a code to an English message id (the reader's language is applied when it is shown) and, where a list
shows it, to an icon, because a state is never told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.cti.model import Direction, Outcome
from hotline.journal.model import Colour
from hotline.journal.restriction import Restriction
from hotline.queue.model import OperatorState
from hotline.softphone.quality_rules import LegQuality, Verdict, verdict
from hotline.staff.model import Role
from hotline.web.i18n import gettext, mark, show_datetime, show_decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """A state as a list shows it: colour, icon and word; ``hint`` is the longer text behind them."""

    colour: str
    icon: str
    word: str
    hint: str = ""


_ROLES = {
    Role.OP1: mark("operator, level 1"),
    Role.OP2: mark("operator, level 2"),
    Role.SP1: mark("insurance representative, level 1"),
    Role.SP2: mark("insurance representative, level 2"),
    Role.SP3: mark("insurance representative, level 3"),
    Role.ADMIN: mark("administrator of the contact centre"),
    Role.SUPERVISOR: mark("supervisor"),
    Role.RESPONSIBLE: mark("responsible officer"),
    Role.QUALITY: mark("quality specialist"),
    Role.AUDITOR: mark("auditor"),
    Role.SYSADMIN: mark("system administrator"),
    Role.WALL: mark("wallboard"),
}

# The same words as frontend/src/states.ts says when a state changes under the reader's eyes.
_STATES = {
    OperatorState.OFFLINE: mark("Not active"),
    OperatorState.READY: mark("Free"),
    OperatorState.RINGING: mark("Ringing"),
    OperatorState.TALKING: mark("Talking"),
    OperatorState.HOLD: mark("On hold"),
    OperatorState.WRAP_UP: mark("Wrap-up"),
    OperatorState.PAUSE: mark("Pause"),
    OperatorState.LOST: mark("No connection"),
}

_DIRECTIONS = {
    Direction.IN: ("phone-incoming", mark("Incoming call")),
    Direction.OUT: ("phone-outgoing", mark("Outgoing call")),
    Direction.INTERNAL: ("arrows-exchange", mark("Internal call")),
}

_OUTCOMES = {
    Outcome.ANSWERED: ("green", "phone-check", mark("Answered")),
    Outcome.ABANDONED_IVR: ("amber", "phone-off", mark("Left during the greeting")),
    Outcome.ABANDONED_QUEUE: ("red", "phone-off", mark("Left the queue")),
    Outcome.BUSY: ("amber", "phone-off", mark("Busy")),
    Outcome.NO_ANSWER: ("amber", "phone-off", mark("No answer")),
    Outcome.FAILED: ("red", "alert-triangle", mark("Failed")),
    Outcome.VOICEMAIL: ("blue", "record-mail", mark("Voice mail")),
    Outcome.CALLBACK: ("blue", "phone-calling", mark("Asked to be called back")),
    Outcome.OUT_OF_HOURS: ("grey", "moon", mark("Out of hours")),
}

# The same words as frontend/src/quality-words.ts says during the call.
_VERDICTS = {
    Verdict.GOOD: ("antenna-bars-5", mark("The line is good")),
    Verdict.FAIR: ("antenna-bars-3", mark("The line is fair")),
    Verdict.POOR: ("antenna-bars-2", mark("The line is poor")),
}

_COLOURS = {
    Colour.GREEN: ("clock", mark("In time")),
    Colour.RED: ("alert-circle", mark("Overdue")),
    Colour.BLACK: ("circle-check", mark("Closed")),
}

_RESTRICTIONS = {
    Restriction.NONE: mark("not restricted"),
    Restriction.CONTACTS: mark("Telephones and addresses are hidden from those who do not work on it"),
    Restriction.PROFILE: mark("Limited access: who works on it and holders of the right"),
    Restriction.OPERATOR: mark("Limited access: only who works on it"),
}

_EVENTS = {
    "save": mark("registered"),
    "create": mark("registered"),
    "edit": mark("changed"),
    "restrict_no": mark("restriction lifted"),
    "restrict_contacts": mark("telephones and addresses restricted"),
    "restrict_profile": mark("restricted to holders of the right"),
    "restrict_operator": mark("restricted to who works on it"),
    "link": mark("linked with another appeal"),
    "unlink": mark("link taken off"),
    "append_call": mark("call added"),
    "forward": mark("forwarded"),
    "hand_over": mark("handed over with the call"),
    "accept": mark("accepted"),
    "recall": mark("recalled"),
    "decline": mark("declined"),
    "deadline": mark("deadline moved"),
    "extend": mark("deadline extended by the administrator"),
}


def role_title(roles: frozenset[str] | tuple[str, ...]) -> str:
    """Name a user's roles, the best known first; an unknown code is shown as it is."""
    order = [str(role) for role in Role]
    ranked = sorted(roles, key=lambda code: (order.index(code) if code in order else len(order), code))
    names = {str(role): message for role, message in _ROLES.items()}
    return ", ".join(gettext(names[code]) if code in names else code for code in ranked)


def state_word(state: str) -> str:
    """Name an operator's state."""
    return gettext(_STATES[OperatorState(state)])


def direction_mark(direction: str) -> Mark:
    """Show which way a call went (S001-008)."""
    icon, word = _DIRECTIONS[Direction(direction)]
    return Mark("", icon, gettext(word))


def outcome_mark(outcome: str | None) -> Mark:
    """Show how a call ended; ``None`` means that it goes on."""
    if outcome is None:
        return Mark("blue", "phone-call", gettext("Goes on"))
    colour, icon, word = _OUTCOMES[Outcome(outcome)]
    return Mark(colour, icon, gettext(word))


def quality_mark(leg: LegQuality | None) -> Mark | None:
    """Show how a call sounded; ``None`` when nobody measured it."""
    if leg is None or leg.mos is None:
        return None
    found = verdict(leg.mos)
    icon, word = _VERDICTS[found]
    hint = gettext("MOS %(mos)s, lowest %(lowest)s; loss %(loss)s %%; jitter up to %(jitter)s ms") % {
        "mos": show_decimal(leg.mos, 2),
        "lowest": show_decimal(leg.mos_min, 2),
        "loss": show_decimal(leg.loss_pct, 1),
        "jitter": show_decimal(leg.jitter_max_ms, 0),
    }
    return Mark(str(found), icon, gettext(word), hint)


def urgency_mark(colour: Colour, due_at: datetime | None) -> Mark:
    """Show whether an appeal is in time (S000-06): green, red or black, an icon and a word."""
    icon, word = _COLOURS[colour]
    hint = gettext("Answer by %(time)s") % {"time": show_datetime(due_at)} if due_at else gettext("No deadline")
    return Mark(str(colour), icon, gettext(word), hint)


def restriction_title(level: str) -> str:
    """Say who reads a restricted appeal (S003-110)."""
    return gettext(_RESTRICTIONS[Restriction(level)])


def history_event(event: str) -> str:
    """Name what happened to an appeal; a trigger that only the profile knows is shown as it is."""
    return gettext(_EVENTS[event]) if event in _EVENTS else event
