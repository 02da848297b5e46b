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


ACTIONS: tuple[BoardAction, ...] = (BoardAction("call", mark("Call the operator"), "phone", (Right.CALL_MAKE,)),)


def actions_of(user: User) -> tuple[BoardAction, ...]:
    """Return what ``user`` may do; who has no telephone can call nobody."""
    return tuple(
        one
        for one in ACTIONS
        if any(user.may(right) for right in one.rights) and (one.code != "call" or user.extension is not None)
    )
