"""Words for the rights of the catalogue (domain 2.11), in the groups in which the roles page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hotline.staff.model import Right
from hotline.web.i18n import gettext, mark


@dataclass(frozen=True, slots=True)
class Group:
    """Rights that belong together; ``rights`` maps codes to message ids."""

    title: str
    rights: Mapping[str, str]


GROUPS: tuple[Group, ...] = (
    Group(mark("Appeals"), {
        Right.APPEAL_CREATE: mark("register oral appeals"),
        Right.APPEAL_CREATE_WRITTEN: mark("register written appeals"),
        Right.APPEAL_EDIT_OWN: mark("edit what one has in work"),
        Right.APPEAL_EDIT_ANY: mark("edit any appeal, reassign it"),
        Right.APPEAL_FORWARD: mark("forward"),
        Right.APPEAL_ACCEPT: mark("accept what was forwarded"),
        Right.APPEAL_CLOSE: mark("close with a result"),
        Right.APPEAL_CLOSE_CONSULTATION: mark("close a consultation at once"),
        Right.APPEAL_EXTEND_REQUEST: mark("ask for a longer deadline"),
        Right.APPEAL_EXPORT: mark("export lists"),
        Right.APPEAL_PRINT: mark("print"),
    }),
    Group(mark("Review by the administrator"), {
        Right.APPEAL_VIEW_ALL: mark("see everybody's folders"),
        Right.APPEAL_REVIEW: mark("review closed appeals"),
        Right.APPEAL_RETURN: mark("return for rework"),
        Right.APPEAL_FINAL_CLOSE: mark("close finally"),
        Right.APPEAL_EXTEND: mark("extend deadlines"),
        Right.APPEAL_DELETE: mark("delete"),
        Right.APPEAL_RESTORE: mark("restore"),
        Right.APPEAL_REOPEN: mark("open again"),
        Right.APPEAL_BULK: mark("act on many at once"),
        Right.APPEAL_RESTRICT: mark("restrict access to an appeal"),
        Right.APPEAL_VIEW_RESTRICTED: mark("see restricted topics and appeals"),
        Right.APPEAL_CHANGE_OWNER: mark("change who is in charge"),
        Right.APPEAL_CHANGE_OPENED_AT: mark("change the time of receipt"),
        Right.APPEAL_CHANGE_TEXT: mark("change the text of a closed appeal"),
    }),
    Group(mark("Persons"), {
        Right.PERSON_SEARCH: mark("search the register"),
        Right.PERSON_SEARCH_ALL: mark("search all insurers' insured"),
        Right.PERSON_VIEW: mark("open dossiers"),
        Right.PERSON_UNMASK: mark("show masked numbers and addresses"),
        Right.PERSON_VIEW_DIAGNOSIS: mark("see diagnoses"),
        Right.PERSON_EDIT: mark("edit persons"),
        Right.PERSON_MERGE: mark("merge dossiers"),
        Right.REGISTER_IMPORT: mark("import the register"),
    }),
    Group(mark("Calls"), {
        Right.CALL_TAKE: mark("take calls"),
        Right.CALL_MAKE: mark("call out"),
        Right.CALL_TRANSFER: mark("transfer"),
        Right.CALL_PICKUP: mark("pick up colleagues' calls"),
        Right.CALL_RECORD: mark("record internal calls"),
        Right.CALL_LISTEN_OWN: mark("listen to one's own recordings"),
        Right.CALL_LISTEN_ANY: mark("listen to others' recordings"),
        Right.CALL_DOWNLOAD: mark("download recordings"),
        Right.CALL_HOLD_RECORDING: mark("keep recordings beyond their term"),
        Right.CALL_MONITOR: mark("watch all live calls"),
        Right.CALL_SPY: mark("listen to live talks"),
        Right.CALL_WHISPER: mark("whisper to the operator"),
        Right.CALL_BARGE: mark("join a talk"),
        Right.CALL_TAKE_OVER: mark("take a citizen over from an operator"),
        Right.BOARD_WALL: mark("show the wallboard"),
        Right.QUEUE_MANAGE: mark("manage the queue"),
        Right.AGENT_FORCE_STATE: mark("change operators' states"),
    }),
    Group(mark("Shifts"), {
        Right.ATTENDANCE_OWN: mark("see one's own shifts"),
        Right.ATTENDANCE_VIEW: mark("see others' shifts and attendance"),
        Right.ATTENDANCE_PLAN: mark("plan shifts and absences"),
    }),
    Group(mark("Quality"), {
        Right.QUALITY_REVIEW: mark("score conversations"),
        Right.QUALITY_MANAGE: mark("write score sheets and draw samples"),
    }),
    Group(mark("Campaigns"), {
        Right.SURVEY_WORK: mark("work on surveys"),
        Right.SURVEY_MANAGE: mark("manage surveys"),
        Right.EIR263_WORK: mark("inform the insured"),
    }),
    Group(mark("Knowledge and administration"), {
        Right.SCRIPT_USE: mark("use typical answers"),
        Right.SCRIPT_EDIT: mark("write typical answers"),
        Right.SCRIPT_APPROVE: mark("approve typical answers"),
        Right.ORG_ADD_QUICK: mark("add organisations from the card"),
        Right.DICT_EDIT: mark("edit classifiers and organisations"),
        Right.USER_MANAGE: mark("manage employees, roles and rights"),
        Right.AUDIT_VIEW: mark("read the audit trail"),
    }),
)  # fmt: skip

_TITLES = {str(code): title for group in GROUPS for code, title in group.rights.items()}


def right_title(code: str) -> str:
    """Name a right; one that only a profile knows is shown as it is."""
    return gettext(_TITLES[code]) if code in _TITLES else code
