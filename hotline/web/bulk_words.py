"""Words and icons of the administrator's actions on many appeals: buttons, plans, outcomes, refusals."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.journal.bulk_rules import RIGHTS, BulkAction
from hotline.staff.model import User
from hotline.web.i18n import gettext, mark

BUTTONS = {
    BulkAction.APPROVE: ("checks", "success", mark("Approve")),
    BulkAction.RETURN: ("arrow-back-up", "warning", mark("Return with a remark")),
    BulkAction.EXTEND: ("calendar-plus", "", mark("Extend")),
    BulkAction.REASSIGN: ("user-share", "", mark("Assign to")),
    BulkAction.DELETE: ("trash", "danger", mark("Delete")),
    BulkAction.RESTORE: ("restore", "", mark("Restore")),
}
PLANS = {
    "final_close": ("checks", mark("will be closed finally")),
    "approve_extension": ("calendar-check", mark("the deadline becomes %(date)s")),
    "extend": ("calendar-plus", mark("the deadline becomes %(date)s")),
    "return": ("arrow-back-up", mark("goes back for rework")),
    "refuse_extension": ("calendar-x", mark("more time is refused, the deadline stays")),
    "reassign": ("user-share", mark("will wait for the colleague")),
    "delete": ("trash", mark("will be deleted")),
    "restore": ("restore", mark("comes back where it was")),
}
DONE = {
    "final_close": mark("closed finally"),
    "approve_extension": mark("deadline extended"),
    "extend": mark("deadline extended"),
    "return": mark("returned"),
    "refuse_extension": mark("more time refused"),
    "reassign": mark("waits for the colleague"),
    "delete": mark("deleted"),
    "restore": mark("restored"),
}
PROBLEMS = {
    "phase": mark("not possible in its present state"),
    "condition": mark("not for such an appeal"),
    "role": mark("not yours to do"),
    "right": mark("not yours to do"),
}
COMMENTS = {
    BulkAction.RETURN: mark("Remark"),
    BulkAction.EXTEND: mark("Reason"),
    BulkAction.REASSIGN: mark("Reason"),
    BulkAction.DELETE: mark("Reason"),
}


@dataclass(frozen=True, slots=True)
class BulkButton:
    """An action as the bar over the list offers it."""

    action: str
    icon: str
    style: str
    title: str


def bulk_buttons(user: User) -> list[BulkButton]:
    """Return what a user may do with ticked appeals."""
    return [
        BulkButton(action.value, icon, style, gettext(title))
        for action, (icon, style, title) in BUTTONS.items()
        if user.may("appeal.bulk") and user.may(RIGHTS[action])
    ]
