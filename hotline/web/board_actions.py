"""What a supervisor may do with an operator of the board: ONE registry, drawn by ``includes/board_operator_menu.html``.

To add an action: a row here. When it is chosen the page fires ``hotline:board-action`` ``{action, id, extension, state,
call_key, name}`` on the document; a controller of its own listens (frontend/README.md, ``board``).
"""

from __future__ import annotations

from dataclasses import dataclass

from hotline.staff.model import Right, User
from hotline.web.i18n import mark


@dataclass(frozen=True, slots=True)
class BoardAction:
    """One line of the menu.

    :ivar title: message id.
    :ivar rights: any of these is enough.
    :ivar states: the operator's states in which it makes sense; empty: all.
    """

    code: str
    title: str
    icon: str
    rights: tuple[str, ...]
    states: tuple[str, ...] = ()


_TALKS = ("talking", "hold")
_FREE = ("ready", "wrap_up", "pause", "lost")

ACTIONS: tuple[BoardAction, ...] = (
    BoardAction("call", mark("Call the operator"), "phone", (Right.CALL_MAKE,)),
    BoardAction("listen", mark("Listen to the talk"), "ear", (Right.CALL_SPY,), _TALKS),
    BoardAction("whisper", mark("Whisper to the operator"), "microphone", (Right.CALL_WHISPER,), _TALKS),
    BoardAction("barge", mark("Join the talk"), "users-group", (Right.CALL_BARGE,), ("talking",)),
    BoardAction("take", mark("Take the citizen over"), "transfer", (Right.CALL_TAKE_OVER,), ("talking",)),
    BoardAction(
        "message", mark("Write to the operator"), "message-2", (Right.CALL_MONITOR,), ("ringing", *_TALKS, *_FREE)
    ),
    BoardAction("pause", mark("Send into a pause"), "player-pause", (Right.AGENT_FORCE_STATE,), (*_TALKS, *_FREE)),
    BoardAction("ready", mark("Make ready"), "circle-check", (Right.AGENT_FORCE_STATE,), ("pause",)),
    BoardAction("wrap_up", mark("Close the wrap-up"), "clock-exclamation", (Right.AGENT_FORCE_STATE,), ("wrap_up",)),
    BoardAction("logout", mark("End the operator's work"), "logout", (Right.AGENT_FORCE_STATE,), _FREE),
)
NEEDS_TELEPHONE = frozenset({"call", "listen", "whisper", "barge", "take"})


def actions_of(user: User) -> tuple[BoardAction, ...]:
    """Return what ``user`` may do; who has no telephone can call nobody."""
    return tuple(
        one
        for one in ACTIONS
        if any(user.may(right) for right in one.rights)
        and (one.code not in NEEDS_TELEPHONE or user.extension is not None)
    )
