"""Who may ask for which address: ONE table, one row a route (domain 2.11; docs/add-a-feature.md).

``guard`` reads it before any handler runs. It is the outer gate: a row names the rights of which a user needs any;
what depends on the record itself (whose appeal, whose insurer) is decided further in, by ``journal.visibility``.
``tests/integration/web/test_matrix.py`` calls every route as every role and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hotline.errors import Forbidden
from hotline.staff.model import Right, User


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of who calls it.

    :ivar rights: any of these is enough; none at all: a session is.
    :ivar public: not even a session.
    """

    rights: tuple[str, ...] = ()
    public: bool = False

    def met_by(self, user: User) -> bool:
        """Tell whether ``user`` comes through."""
        return self.public or not self.rights or any(user.may(right) for right in self.rights)


PUBLIC = Needs(public=True)
SESSION = Needs()
"""Anybody who is logged in, or below ``/api/v1`` shows a token that works."""


def needs(*rights: str) -> Needs:
    """Any of these rights."""
    return Needs(rights)


_APPEALS = needs(Right.APPEAL_CREATE, Right.APPEAL_ACCEPT, Right.APPEAL_REVIEW, Right.APPEAL_VIEW_ALL)
"""Whoever works with appeals in any way; an auditor or system administrator sees no content (domain 2.8)."""
_CALLS = needs(Right.CALL_TAKE, Right.CALL_MAKE, Right.CALL_MONITOR, Right.CALL_LISTEN_OWN, Right.CALL_LISTEN_ANY)
_CALLBACKS = needs(Right.CALL_TAKE, Right.CALL_MONITOR)
_CREATE = needs(Right.APPEAL_CREATE)
_SCORES = needs(Right.QUALITY_REVIEW, Right.CALL_TAKE)
"""Who scores, and whose conversations are scored."""
_EDIT = needs(Right.APPEAL_EDIT_OWN, Right.APPEAL_EDIT_ANY)
_MOVE = needs(Right.APPEAL_FORWARD, Right.APPEAL_ACCEPT, Right.APPEAL_EDIT_ANY)
"""The outer gate of the hand-to-hand moves; which one is allowed to whom is the workflow's."""
_WRITE = needs(Right.APPEAL_CREATE, Right.APPEAL_EDIT_OWN, Right.APPEAL_EDIT_ANY)
_DICT = needs(Right.DICT_EDIT)
_PERSONS = needs(Right.PERSON_SEARCH, Right.PERSON_SEARCH_ALL)
_LISTEN = needs(Right.CALL_LISTEN_OWN, Right.CALL_LISTEN_ANY)
_PHONE = needs(Right.CALL_TAKE, Right.CALL_MAKE)
_CLASSIFY = needs(Right.CALL_TAKE, Right.CALL_MAKE, Right.CALL_MONITOR)
_TRANSFER = needs(Right.CALL_TRANSFER)
_TAKE_OVER = needs(Right.CALL_TAKE, Right.CALL_TRANSFER)
_SUPERVISE = needs(Right.CALL_SPY, Right.CALL_WHISPER, Right.CALL_BARGE, Right.CALL_TAKE_OVER)
"""Each mode has a right of its own, which is asked further in."""
_PEOPLE = needs(Right.USER_MANAGE)
_ORGANISATIONS = needs(Right.USER_MANAGE, Right.DICT_EDIT)
_ATTENDANCE = needs(Right.ATTENDANCE_VIEW)
_SHIFTS = needs(Right.ATTENDANCE_PLAN)
_SCRIPTS = needs(Right.SCRIPT_EDIT, Right.SCRIPT_APPROVE)

ACCESS: Mapping[str, Needs] = {
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "GET /login/factor": PUBLIC,  # the ticket of a right password opens it
    "POST /login/factor": PUBLIC,
    "GET /login/oidc": PUBLIC,
    "GET /login/oidc/back": PUBLIC,  # the cookie of the browser that went there
    "GET /login/oidc/leave": PUBLIC,
    "GET /second-factor": SESSION,
    "POST /second-factor": SESSION,
    "POST /second-factor/codes": SESSION,
    "POST /logout": SESSION,
    "POST /language": SESSION,
    "GET /health": PUBLIC,
    "GET /status": SESSION,
    "GET /metrics": SESSION,
    "GET /events": SESSION,
    "GET /sip": SESSION,
    # The journal and the cards
    "GET /": SESSION,  # leads everybody to the first page that is his
    "GET /journal": _APPEALS,
    "POST /journal": _APPEALS,
    "POST /search": SESSION,  # each group of what it finds asks for its own right
    "POST /journal/export": needs("appeal.export"),
    "POST /journal/columns": _APPEALS,
    "POST /journal/views": _APPEALS,
    "POST /journal/views/{id}/delete": _APPEALS,
    "GET /appeals/new": _CREATE,
    "GET /appeals/paper": _CREATE,
    "POST /appeals": _CREATE,
    "GET /appeals/{id}": _APPEALS,
    "POST /appeals/{id}": _EDIT,
    "POST /appeals/{id}/unmask": needs(Right.PERSON_UNMASK),
    "POST /persons/{id}/unmask": needs(Right.PERSON_UNMASK),
    "POST /appeals/{id}/restrict": needs(Right.APPEAL_RESTRICT, Right.APPEAL_EDIT_OWN, Right.APPEAL_EDIT_ANY),
    "GET /appeals/{id}/edit": _EDIT,
    "POST /appeals/{id}/forward": _MOVE,
    "POST /appeals/{id}/accept": _MOVE,
    "POST /appeals/{id}/decline": _MOVE,
    "POST /appeals/{id}/recall": _MOVE,
    # Which moves there are, and for whom, is the profile's.
    "GET /appeals/{id}/moves/{trigger}": _APPEALS,
    "POST /appeals/{id}/moves/{trigger}": _APPEALS,
    "GET /scripts": needs(Right.SCRIPT_USE),
    "GET /topics": needs(Right.APPEAL_CREATE, Right.APPEAL_EDIT_OWN, Right.APPEAL_EDIT_ANY),
    "PUT /api/drafts/{id}": _CREATE,
    "POST /api/drafts": _CREATE,
    # Around a card
    "GET /attachments": _APPEALS,
    "GET /attachments/{id}": _APPEALS,
    "GET /attachments/{id}/view": _APPEALS,
    "POST /api/attachments": _WRITE,
    "POST /api/attachments/{id}": _WRITE,
    "POST /api/attachments/{id}/remove": _WRITE,
    "POST /api/attachments/{id}/restore": _WRITE,
    "GET /appeals/{id}/extras": _APPEALS,
    "POST /api/appeals/{id}/lock": _EDIT,
    "POST /api/appeals/{id}/unlock": _EDIT,
    "POST /api/appeals/{id}/append-call": _CREATE,
    "POST /api/appeals/{id}/links": _EDIT,
    "POST /api/links/{id}/remove": _EDIT,
    "GET /drafts": _CREATE,
    "POST /api/drafts/{id}/give": _CREATE,
    "POST /api/drafts/{id}/discard": _CREATE,
    "GET /organisations": _WRITE,
    "POST /api/organisations": needs(Right.ORG_ADD_QUICK),
    "PUT /api/favourites": _CREATE,
    "POST /api/emergencies": needs(Right.CALL_TAKE, Right.CALL_MAKE),
    "POST /api/emergencies/{id}/seen": needs(Right.CALL_MONITOR),
    # Supervision of operators
    "GET /api/supervision": SESSION,  # what concerns the reader himself
    "POST /api/supervision": _SUPERVISE,
    "POST /api/supervision/{id}/mode": _SUPERVISE,
    "POST /api/supervision/{id}/end": _SUPERVISE,
    "POST /api/operators/{id}/force": needs(Right.AGENT_FORCE_STATE),
    "POST /api/operators/{id}/message": needs(Right.CALL_MONITOR),
    "GET /api/messages": SESSION,
    "POST /api/messages/{id}/seen": SESSION,
    "GET /api/help": SESSION,
    "POST /api/help": _PHONE,
    "POST /api/help/{id}/take": needs(Right.CALL_MONITOR),
    "POST /api/help/{id}/close": needs(Right.CALL_TAKE, Right.CALL_MAKE, Right.CALL_MONITOR),
    # People
    "GET /persons": _PERSONS,
    "POST /persons/search": _PERSONS,
    "GET /persons/history": _PERSONS,
    "GET /persons/{id}": needs(Right.PERSON_VIEW),
    "GET /calls/{key}/person": needs(Right.PERSON_VIEW),
    "GET /persons/{id}/edit": needs(Right.PERSON_EDIT),
    "POST /persons/{id}": needs(Right.PERSON_EDIT),
    "POST /persons/{id}/phones": needs(Right.PERSON_EDIT),
    "POST /persons/{id}/phones/{phone}": needs(Right.PERSON_EDIT),
    "GET /persons/{id}/merge": needs(Right.PERSON_MERGE),
    "POST /persons/{id}/merge": needs(Right.PERSON_MERGE),
    "POST /persons/merges/{id}/undo": needs(Right.PERSON_MERGE),
    "GET /admin/register": needs(Right.REGISTER_IMPORT),
    "GET /admin/register/{id}": needs(Right.REGISTER_IMPORT),
    "POST /admin/register/{id}/start": needs(Right.REGISTER_IMPORT),
    "POST /admin/register/{id}/cancel": needs(Right.REGISTER_IMPORT),
    "GET /admin/register/{id}/rejected": needs(Right.REGISTER_IMPORT),
    "POST /api/register/uploads": needs(Right.REGISTER_IMPORT),
    "PUT /api/register/uploads/{id}": needs(Right.REGISTER_IMPORT),
    "POST /api/register/uploads/{id}/finish": needs(Right.REGISTER_IMPORT),
    "GET /directory": SESSION,
    "POST /directory": SESSION,
    "POST /directory/favourites": SESSION,
    "GET /directory/export": needs(Right.DICT_EDIT),
    "POST /directory/import": needs(Right.DICT_EDIT),
    "POST /directory/import/apply": needs(Right.DICT_EDIT),
    "GET /directory/contacts/new": needs(Right.DICT_EDIT),
    "POST /directory/contacts": needs(Right.DICT_EDIT),
    "GET /directory/contacts/{id}": needs(Right.DICT_EDIT),
    "POST /directory/contacts/{id}": needs(Right.DICT_EDIT),
    # The administrator's review
    "POST /journal/bulk": needs(Right.APPEAL_BULK),
    "POST /api/appeals/bulk": needs(Right.APPEAL_BULK),
    "GET /review/returns": needs(Right.APPEAL_REVIEW),
    "GET /appeals/{id}/extensions": _APPEALS,
    "POST /appeals/{id}/extensions/told": _EDIT,
    # The production calendar
    "GET /admin/calendar": _DICT,
    "GET /admin/calendar/export": _DICT,
    "POST /admin/calendar/day": _DICT,
    "POST /admin/calendar/source": _DICT,
    "POST /admin/calendar/undo": _DICT,
    "POST /admin/calendar/preview": _DICT,
    "POST /admin/calendar/import": _DICT,
    "GET /admin/calendar/recompute": _DICT,
    "POST /admin/calendar/recompute": _DICT,
    # Notices: one's own
    "GET /notifications": SESSION,
    "GET /api/notifications": SESSION,
    "POST /notifications/{id}/open": SESSION,
    "POST /notifications/read-all": SESSION,
    # Calls
    "GET /calls": _CALLS,
    "GET /callbacks": _CALLBACKS,
    "GET /callbacks/next": needs(Right.CALL_TAKE),
    "GET /callbacks/{id}": _CALLBACKS,
    "POST /callbacks/{id}/take": _CALLBACKS,
    "POST /callbacks/{id}/release": _CALLBACKS,
    "POST /callbacks/{id}/attempt": _CALLBACKS,
    "POST /callbacks/{id}/close": _CALLBACKS,
    "POST /callbacks/{id}/reopen": _CALLBACKS,
    "POST /callbacks/export": needs(Right.CALL_MONITOR, Right.APPEAL_EXPORT),
    "GET /api/callbacks/count": _CALLBACKS,
    "GET /calls/gaps": needs(Right.CALL_LISTEN_ANY),
    "GET /calls/{key}/card": _CREATE,
    # The supervisor's board: of whose queues and operators, is ``board.model.scope_of``'s
    "GET /board": needs(Right.CALL_MONITOR),
    "GET /api/board": needs(Right.CALL_MONITOR),
    "GET /wallboard": needs(Right.BOARD_WALL, Right.CALL_MONITOR),
    "GET /api/wallboard": needs(Right.BOARD_WALL, Right.CALL_MONITOR),
    "GET /board/alarms": needs(Right.CALL_MONITOR),
    "GET /api/alarms": needs(Right.CALL_MONITOR),
    "POST /api/alarms/{id}/seen": needs(Right.CALL_MONITOR),
    "GET /admin/goals": needs(Right.QUEUE_MANAGE),
    "GET /admin/goals/{queue}": needs(Right.QUEUE_MANAGE),
    "POST /admin/goals/{queue}": needs(Right.QUEUE_MANAGE),
    "GET /admin/alarms": needs(Right.QUEUE_MANAGE),
    "POST /admin/alarms": needs(Right.QUEUE_MANAGE),
    "POST /admin/alarms/{id}": needs(Right.QUEUE_MANAGE),
    # Scores: whose, is ``scoring.queries.visible``'s; what may be done with one, ``scoring.rules``'
    "GET /quality": _SCORES,
    "GET /quality/new": needs(Right.QUALITY_REVIEW),
    "POST /quality": needs(Right.QUALITY_REVIEW),
    "GET /quality/report": needs(Right.QUALITY_REVIEW),
    "GET /quality/calibrations": needs(Right.QUALITY_REVIEW),
    "GET /quality/calibrations/{id}": needs(Right.QUALITY_REVIEW),
    "POST /quality/calibrations/{id}/close": needs(Right.QUALITY_REVIEW),
    "GET /quality/{id}": _SCORES,
    "POST /quality/{id}/calibrations": needs(Right.QUALITY_REVIEW),
    "PUT /api/quality/{id}": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/take": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/release": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/skip": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/publish": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/confirm": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/change": needs(Right.QUALITY_REVIEW),
    "POST /api/quality/{id}/accept": _SCORES,
    "POST /api/quality/{id}/dispute": _SCORES,
    "GET /admin/quality": needs(Right.QUALITY_MANAGE),
    "GET /admin/quality/sheets/new": needs(Right.QUALITY_MANAGE),
    "POST /admin/quality/sheets": needs(Right.QUALITY_MANAGE),
    "GET /admin/quality/sheets/{id}": needs(Right.QUALITY_MANAGE),
    "POST /admin/quality/sheets/{id}": needs(Right.QUALITY_MANAGE),
    "POST /admin/quality/sheets/{id}/close": needs(Right.QUALITY_MANAGE),
    "POST /admin/quality/plans": needs(Right.QUALITY_MANAGE),
    "POST /admin/quality/plans/{id}": needs(Right.QUALITY_MANAGE),
    "POST /admin/quality/plans/{id}/draw": needs(Right.QUALITY_MANAGE),
    # Statistics: whose calls and operators count, is ``stats.service``'s
    "GET /statistics": needs(Right.CALL_MONITOR),
    "GET /statistics/calls": needs(Right.CALL_MONITOR),
    "GET /statistics/check": needs(Right.CALL_MONITOR),
    "GET /statistics/reports": needs(Right.CALL_MONITOR),
    "POST /statistics/reports": needs(Right.CALL_MONITOR),
    "GET /statistics/reports/{id}": needs(Right.CALL_MONITOR),
    # Shifts: of whom, is ``attendance.scope``'s
    "GET /attendance": _ATTENDANCE,
    "GET /attendance/missing": _ATTENDANCE,
    "GET /attendance/mine": needs(Right.ATTENDANCE_OWN),
    "GET /attendance/export": _ATTENDANCE,
    "GET /attendance/people/{id}": _ATTENDANCE,
    "POST /attendance/people/{id}/plan": _SHIFTS,
    "POST /attendance/people/{id}/absences": _SHIFTS,
    "POST /attendance/absences/{id}/close": _SHIFTS,
    "GET /attendance/plan": _SHIFTS,
    "POST /attendance/templates": _SHIFTS,
    "POST /attendance/templates/{id}": _SHIFTS,
    "POST /attendance/copy": _SHIFTS,
    "POST /attendance/changes/{id}/undo": _SHIFTS,
    "POST /attendance/import": _SHIFTS,
    "POST /attendance/import/apply": _SHIFTS,
    "GET /dispositions": _CLASSIFY,
    "POST /api/calls/{key}/disposition": _CLASSIFY,
    "GET /api/calls/{key}/quality": _CALLS,
    "POST /api/dial": needs(Right.CALL_MAKE),
    "GET /api/calls/recent": needs(Right.CALL_TAKE, Right.CALL_MAKE),
    "POST /api/pickup": needs(Right.CALL_TAKE),
    "POST /api/calls/{key}/consult": _TRANSFER,
    "POST /api/calls/{key}/join": _PHONE,
    "POST /api/calls/{key}/complete": _PHONE,
    "POST /api/calls/{key}/cancel": _PHONE,
    "POST /api/calls/{key}/transfer": _TRANSFER,
    "POST /api/calls/{key}/park": _TRANSFER,
    "POST /api/calls/{key}/take": _TAKE_OVER,
    "POST /api/calls/{key}/hangup": _PHONE,
    "POST /api/calls/{key}/hold": _PHONE,
    "POST /api/calls/{key}/resume": _PHONE,
    # The operator's own telephone and state
    "GET /api/softphone": _PHONE,
    "POST /api/operator/start": needs(Right.CALL_TAKE),
    "POST /api/operator/stop": _PHONE,
    "POST /api/operator/ready": _PHONE,
    "POST /api/operator/pause": _PHONE,
    "POST /api/operator/more-time": _PHONE,
    # Recordings
    "GET /recordings/{key}": _LISTEN,
    "GET /recordings/{key}/player": _LISTEN,
    "POST /recordings/{key}/player": _LISTEN,
    "POST /api/calls/{key}/recording/pause": _PHONE,
    "POST /api/calls/{key}/recording/resume": _PHONE,
    "POST /api/calls/{key}/recording/start": needs(Right.CALL_RECORD),
    "POST /api/calls/{key}/recording/stop": needs(Right.CALL_RECORD),
    "POST /api/recordings/{key}/hold": needs(Right.CALL_HOLD_RECORDING),
    # The interface for other systems: with a token instead of a session (``web.v1.gate``)
    "GET /api/v1/openapi.json": PUBLIC,
    "GET /api/v1/token": SESSION,
    "GET /api/v1/appeals": _APPEALS,
    "POST /api/v1/appeals/search": _APPEALS,
    "POST /api/v1/appeals": _CREATE,
    "GET /api/v1/appeals/{id}": _APPEALS,
    "POST /api/v1/appeals/{id}/moves/{trigger}": _APPEALS,
    "GET /api/v1/calls": _CALLS,
    "GET /api/v1/calls/{key}": _CALLS,
    "GET /api/v1/calls/{key}/recording": _CALLS,
    "POST /api/v1/directory/search": SESSION,
    "GET /api/v1/board": needs(Right.CALL_MONITOR),
    "GET /admin/tokens": _PEOPLE,
    "POST /admin/tokens": _PEOPLE,
    "GET /admin/tokens/new": _PEOPLE,
    "POST /admin/tokens/accounts": _PEOPLE,
    "POST /admin/tokens/{id}/revoke": _PEOPLE,
    "GET /admin/webhooks": _PEOPLE,
    "POST /admin/webhooks": _PEOPLE,
    "GET /admin/webhooks/{id}": _PEOPLE,
    "POST /admin/webhooks/{id}": _PEOPLE,
    "POST /admin/webhooks/{id}/switch": _PEOPLE,
    "POST /admin/webhooks/{id}/rotate": _PEOPLE,
    "POST /admin/webhooks/{id}/ping": _PEOPLE,
    "POST /admin/webhooks/{id}/deliveries/{delivery}/replay": _PEOPLE,
    # Administration: each area's list of rights is its own
    "GET /password": SESSION,
    "POST /password": SESSION,
    "GET /password/link": PUBLIC,  # who holds the link may choose the password
    "POST /password/link": PUBLIC,
    "GET /admin/people": _PEOPLE,
    "POST /admin/people": _PEOPLE,
    "GET /admin/people/new": _PEOPLE,
    "GET /admin/people/{id}": _PEOPLE,
    "POST /admin/people/{id}": _PEOPLE,
    "POST /admin/people/{id}/factor/reset": _PEOPLE,
    "POST /admin/people/{id}/on": _PEOPLE,
    "POST /admin/people/{id}/off": _PEOPLE,
    "POST /admin/people/{id}/password": _PEOPLE,
    "GET /admin/people/{id}/rights": _PEOPLE,
    "POST /admin/people/{id}/rights": _PEOPLE,
    "POST /admin/people/{id}/link": _PEOPLE,
    "POST /admin/people/{id}/link/cancel": _PEOPLE,
    "POST /admin/people/{id}/unlock": _PEOPLE,
    "POST /admin/people/{id}/sessions/{session}/end": _PEOPLE,
    "GET /admin/roles": _PEOPLE,
    "GET /admin/roles/{code}": _PEOPLE,
    "POST /admin/roles/{code}": _PEOPLE,
    "POST /admin/roles/{code}/preview": _PEOPLE,
    "GET /admin/organisations": _ORGANISATIONS,
    "POST /admin/organisations": _ORGANISATIONS,
    "GET /admin/organisations/new": _ORGANISATIONS,
    "GET /admin/organisations/{id}": _ORGANISATIONS,
    "POST /admin/organisations/{id}": _ORGANISATIONS,
    "GET /admin/queue": needs(Right.QUEUE_MANAGE),
    "POST /admin/queue": needs(Right.QUEUE_MANAGE),
    "POST /admin/queue/{id}": needs(Right.QUEUE_MANAGE),
    "GET /admin/lines": needs(Right.QUEUE_MANAGE),
    "POST /admin/lines/explain": needs(Right.QUEUE_MANAGE),
    "POST /admin/skills": needs(Right.QUEUE_MANAGE),
    "GET /admin/lines/{kind}/new": needs(Right.QUEUE_MANAGE),
    "POST /admin/lines/{kind}": needs(Right.QUEUE_MANAGE),
    "GET /admin/lines/{kind}/{code}": needs(Right.QUEUE_MANAGE),
    "POST /admin/lines/{kind}/{code}": needs(Right.QUEUE_MANAGE),
    "POST /admin/lines/{kind}/{code}/close": needs(Right.QUEUE_MANAGE),
    "POST /admin/lines/{kind}/{code}/undo": needs(Right.QUEUE_MANAGE),
    "GET /admin/profile": _DICT,
    "POST /admin/profile": _DICT,
    "GET /admin/profile/export": _DICT,
    "POST /admin/profile/preview": _DICT,
    "GET /admin/scripts": _SCRIPTS,
    "POST /admin/scripts": needs(Right.SCRIPT_EDIT),
    "GET /admin/scripts/new": needs(Right.SCRIPT_EDIT),
    "GET /admin/scripts/{code}": _SCRIPTS,
    "POST /admin/scripts/{code}": needs(Right.SCRIPT_EDIT),
    "POST /admin/scripts/{code}/decide": needs(Right.SCRIPT_APPROVE),
    "POST /admin/scripts/{code}/close": needs(Right.SCRIPT_APPROVE),
    "GET /admin/lists": _DICT,
    "GET /admin/lists/{list}": _DICT,
    "POST /admin/lists/{list}": _DICT,
    "GET /admin/lists/{list}/new": _DICT,
    "GET /admin/lists/{list}/{code}": _DICT,
    "POST /admin/lists/{list}/{code}": _DICT,
    "GET /admin/audit": needs(Right.AUDIT_VIEW),
    "GET /admin": SESSION,  # shows the areas that one may enter; refuses who may enter none
}


def needs_of(method: str, pattern: str) -> Needs | None:
    """Return what a route needs; ``None`` when nobody has declared it. HEAD is as GET."""
    return ACCESS.get(f"{'GET' if method == 'HEAD' else method} {pattern}")


def require_access(method: str, pattern: str, user: User) -> None:
    """Let ``user`` through to a route.

    :raises Forbidden: he has none of the rights that it needs.
    """
    found = needs_of(method, pattern)
    if found is not None and not found.met_by(user):
        raise Forbidden("this role may not do that", error_id="no-right", details={"needs": list(found.rights)})


def opens(user: User, pattern: str) -> bool:
    """Tell whether a link to a page would lead ``user`` anywhere."""
    return ACCESS[f"GET {pattern}"].met_by(user)


def undeclared(app: web.Application, static: str) -> list[str]:
    """Return the routes of ``app`` without a row, and the rows without a route.

    :param static: the pattern of built files, which everybody may read.
    """
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD" and route.resource.canonical != static
    }
    return sorted(routes ^ set(ACCESS))


def require_declared(app: web.Application, static: str) -> None:
    """Refuse to start with a hole in the table.

    :raises LookupError: a route has no row, or a row no route; the message names them.
    """
    if holes := undeclared(app, static):
        msg = f"routes and rows of hotline/web/access.py do not fit: {', '.join(holes)}"
        raise LookupError(msg)
