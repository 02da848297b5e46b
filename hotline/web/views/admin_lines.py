"""Administration of lines, queues, hours, skills and priorities (right ``queue.manage``): at once, without any file.

S001-012: the administration sets the rules by which a call goes to an operator. A refused change shows the form again
with everything that was typed, and says which calls nobody would answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from hotline.errors import BadInput, Forbidden, HotlineError, NotFound
from hotline.queue.lines import Versions, record_of
from hotline.queue.lines_explain import Imagined
from hotline.queue.lines_model import ALL, OTHER, Hours, Kind, Line, Person, Priority, Queue, Record, Rules, Skill
from hotline.staff.admin_model import Change
from hotline.staff.admin_rules import everywhere
from hotline.web import lines_words as words
from hotline.web.context import current_user, services, wants_json
from hotline.web.failures import details_of, text_of
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, local_time
from hotline.web.lines_forms import DIGITS, LEVELS, code_of, fields_of, record_from
from hotline.web.render import fragment, page
from hotline.web.titles import role_title
from hotline.web.views.admin_forms import REFUSALS, note_title, refused, saved, version_of

HOME = "/admin/lines"
FORM = "pages/admin_line.html"
LIST = "pages/admin_lines.html"
_BLANK: Mapping[Kind, Record] = {
    Kind.LINE: Line("", ""),
    Kind.QUEUE: Queue(""),
    Kind.HOURS: Hours("", ("09:00-18:00",) * 5 + ("", "")),
    Kind.SKILL: Skill(""),
    Kind.PERSON: Person(),
    Kind.PRIORITY: Priority(),
}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show everything in force, what is wrong with it, and whether the exchange has it."""
    context = await _everything(request)
    if wants_json(request):
        rules = msgspec.to_builtins(context["rules"], str_keys=True)
        return web.json_response({"rules": rules, "problems": context["problems"]})
    return await page(request, LIST, context, section="admin")


async def _everything(request: web.Request) -> dict[str, Any]:
    its, by = services(request), current_user(request)
    found = await its.line_rules.all()
    rules = found.rules
    return {
        "rules": rules,
        "editable": everywhere(by.organisation),
        "lines": sorted(rules.lines.items(), key=lambda one: (one[0] == OTHER, one[1].title)),
        "queues": [(code, rules.queue(code)) for code in rules.queue_codes],
        "members": await its.line_rules.members(),
        "strategies": words.STRATEGIES,
        "then": words.THEN,
        "skill_kinds": words.SKILL_KINDS,
        "problems": [
            words.problem_text(one.what, _name(rules, *one.where), one.which) for one in await its.line_rules.problems()
        ],
        "applied": its.line_keeper.applied,
        "people": [
            (one.user, role_title(one.user.roles), rules.people.get(one.user.id, Person()), found)
            for one in await its.staff.people.takers(by)
        ],
        "levels": words.LEVELS,
        "person_kind": Kind.PERSON,
        "typed": {},
        "now": local_time(its.clock.now()).strftime("%Y-%m-%dT%H:%M"),
        "problem": request.query.get("pending") and gettext("Kept, but the exchange does not have it yet."),
    }


async def new(request: web.Request) -> web.StreamResponse:
    """Show an empty form."""
    kind = _kind(request)
    if kind not in words.NEW:
        raise NotFound("there is no such form")
    await _require(request, kind, "")
    found = await services(request).line_rules.all()
    return await _form(request, kind, "", fields_of(_BLANK[kind]), found, ())


async def show(request: web.Request) -> web.StreamResponse:
    """Show a record and its history."""
    its, kind, code = services(request), _kind(request), request.match_info["code"]
    found = await its.line_rules.all()
    record = _record(found, kind, code)
    history = await its.staff.changes((_entity(kind), code))
    return await _form(request, kind, code, fields_of(record), found, history)


async def create(request: web.Request) -> web.StreamResponse:
    """Add a record."""
    return await _save(request, "")


async def save(request: web.Request) -> web.StreamResponse:
    """Change a record; the exchange has it before this answers, unless it is away."""
    return await _save(request, request.match_info["code"])


async def _save(request: web.Request, code: str) -> web.StreamResponse:
    its, kind, by = services(request), _kind(request), current_user(request)
    sent = await form_fields(request)
    wanted = code or code_of(kind, sent)
    await _require(request, kind, wanted)
    try:
        version = version_of(sent) if code else 0
        record = record_from(kind, sent)
        note = its.staff.noting(by, (_entity(kind), wanted))
        version = await its.line_rules.put(kind, wanted, record, version, note)
    except REFUSALS as error:
        if wants_json(request):
            raise
        return await _refused(request, error, kind, code, sent)
    return await done(request, version=version, code=wanted)


async def close(request: web.Request) -> web.StreamResponse:
    """Take a record out of force; it can be brought back from its history."""
    its, kind, code = services(request), _kind(request), request.match_info["code"]
    sent = await form_fields(request)
    await _require(request, kind, code)
    note = its.staff.noting(current_user(request), (_entity(kind), code))
    try:
        version = await its.line_rules.close(kind, code, version_of(sent), note)
    except REFUSALS as error:
        if wants_json(request):
            raise
        found = await its.line_rules.all()
        return await _refused(request, error, kind, code, fields_of(_record(found, kind, code)))
    return await done(request, version=version, code=code)


async def undo(request: web.Request) -> web.StreamResponse:
    """Bring back what a change of the history replaced; the rest stays as it is now."""
    its, kind, code = services(request), _kind(request), request.match_info["code"]
    sent = await form_fields(request)
    await _require(request, kind, code)
    note = its.staff.noting(current_user(request), (_entity(kind), code))
    found = await its.line_rules.all()
    before = _record(found, kind, code)
    change = next(
        (one for one in await its.staff.changes((_entity(kind), code)) if str(one.id) == sent.get("change", "")), None
    )
    if change is None:
        raise NotFound("there is no such change")
    body = msgspec.to_builtins(before) | {name: change.before[name] for name in _undone(change)}
    try:
        version = await its.line_rules.put(kind, code, record_of(kind, body), version_of(sent), note)
    except REFUSALS as error:
        if wants_json(request):
            raise
        return await _refused(request, error, kind, code, fields_of(before))
    return await done(request, version=version, code=code)


async def explain(request: web.Request) -> web.StreamResponse:
    """Fragment: the way that a call would go."""
    its = services(request)
    sent = await form_fields(request)
    at = local_time(its.clock.now())
    try:
        if sent.get("at"):
            at = datetime.fromisoformat(sent["at"]).replace(tzinfo=at.tzinfo)
    except ValueError as error:
        raise BadInput("not a date and time", details={"at": "not a date and time"}) from error
    left = sent.get("left", "0")
    call = Imagined(
        sent.get("number", "")[:40],
        sent.get("dialled", "")[:40],
        at,
        digit=sent.get("digit", "")[:1],
        left=int(left) if left.isdecimal() and len(left) < 3 else 0,
    )
    steps = await its.line_rules.explain(call)
    if wants_json(request):
        return web.json_response([{"kind": str(one.kind), **msgspec.to_builtins(one.facts)} for one in steps])
    return fragment(request, "includes/line_steps.html", {"steps": [words.step_words(one) for one in steps]})


# --- Parts ----------------------------------------------------------------------------------------------------------


async def done(request: web.Request, **answer: object) -> web.Response:
    """Bring the change to the exchange and answer."""
    applied = await services(request).line_keeper.changed()
    return saved(request, HOME if applied else f"{HOME}?pending=1", applied=applied, **answer)


async def _form(
    request: web.Request,
    kind: Kind,
    code: str,
    fields: Mapping[str, str],
    found: Versions,
    history: Sequence[Change],
    error: HotlineError | None = None,
) -> web.StreamResponse:
    rules = found.rules
    context: dict[str, Any] = {
        "kind": str(kind),
        "code": code,
        "form": fields,
        "version": found.version(kind, code),
        "title": _name(rules, kind, code) if code else gettext(words.NEW[kind]),
        "kind_title": gettext(words.KINDS[kind]),
        "queues": [(one, queue.title) for one in rules.queue_codes if (queue := rules.queue(one)) is not None],
        "hours": [(one, hours.title) for one, hours in rules.hours.items()],
        "skills": list(rules.skills.items()),
        "strategies": [(str(one), gettext(text)) for one, text in words.STRATEGIES.items()],
        "then": [(str(one), gettext(text)) for one, text in words.THEN.items()],
        "skill_kinds": [(str(one), gettext(text)) for one, text in words.SKILL_KINDS.items()],
        "levels": range(1, LEVELS + 1),
        "digits": DIGITS,
        "editable": everywhere(current_user(request).organisation),
        "in_use": code in _records(rules, kind),
        "closable": code in _records(rules, kind) and kind is not Kind.PRIORITY and code != rules.main,
        "history": [_line(one, undo=await _allowed(request, kind, code)) for one in history],
        "errors": {},
        "refusals": [],
    }
    if error is not None:
        listed = error.details.get("problems", ())
        problems = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list | tuple) else []
        context |= {
            "problem": text_of(error),
            "errors": details_of(error),
            "refusals": [
                words.problem_text(one["what"], _name(rules, Kind(one["kind"]), one["code"], fields), one["which"])
                for one in problems
            ],
        }
    return await page(request, FORM, context, section="admin", status=200 if error is None else error.status)


async def _refused(
    request: web.Request, error: HotlineError, kind: Kind, code: str, sent: Mapping[str, str]
) -> web.StreamResponse:
    its = services(request)
    if kind is Kind.PERSON:  # his form is a row of the list
        return await refused(request, error, LIST, await with_typed(request, {int(code): sent}))
    history = await its.staff.changes((_entity(kind), code)) if code else ()
    return await _form(request, kind, code, sent, await its.line_rules.all(), history, error)


async def with_typed(request: web.Request, rows: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    """Return the list with what was typed in the rows of some people, over the versions that are stored now."""
    context = await _everything(request)
    typed = {}
    for user_id, sent in rows.items():
        levels = {name.removeprefix("level_"): text for name, text in sent.items() if name.startswith("level_")}
        typed[user_id] = Person({code: int(text) for code, text in levels.items() if text in {"1", "2", "3"}})
    context["typed"] = typed
    return {name: value for name, value in context.items() if name != "problem"}


async def _require(request: web.Request, kind: Kind, code: str) -> None:
    """Let an insurer's administrators give skills to their own people, and change nothing else (domain 2.8).

    :raises Forbidden: the rules are the whole hotline's.
    :raises NotFound: there is no such employee among those whom the reader manages.
    """
    by = current_user(request)
    if kind is Kind.PERSON:
        takers = await services(request).staff.people.takers(by)
        if code not in {str(one.user.id) for one in takers}:
            raise NotFound("there is no such employee")
    elif not everywhere(by.organisation):
        raise Forbidden("the rules are the whole hotline's", error_id="not-your-lines")


async def _allowed(request: web.Request, kind: Kind, code: str) -> bool:
    """Tell whether the reader may change the record at all: nobody is offered a way back that would be refused."""
    try:
        await _require(request, kind, code)
    except (Forbidden, NotFound):
        return False
    return True


def _kind(request: web.Request) -> Kind:
    try:
        return Kind(request.match_info["kind"])
    except ValueError as error:
        raise NotFound("there is no such kind of rule") from error


def _records(rules: Rules, kind: Kind) -> Mapping[str, Record]:
    people = {str(user_id): person for user_id, person in rules.people.items()}
    found: Mapping[Kind, Mapping[str, Record]] = {
        Kind.LINE: rules.lines,
        Kind.QUEUE: rules.queues,
        Kind.HOURS: rules.hours,
        Kind.SKILL: rules.skills,
        Kind.PERSON: people,
        Kind.PRIORITY: {ALL: rules.priority},
    }
    return found[kind]


def _record(found: Versions, kind: Kind, code: str) -> Record:
    """Return a record in force; what stands for one that nobody has said anything of yet.

    :raises NotFound: there has never been one.
    """
    record = _records(found.rules, kind).get(code) or found.closed.get((kind, code))
    if record is None and kind is Kind.QUEUE:
        record = found.rules.queue(code)
    if record is None and kind is Kind.PERSON:
        record = _BLANK[kind]
    if record is None:
        raise NotFound("there is no such rule")
    return record


def _name(rules: Rules, kind: Kind, code: str, typed: Mapping[str, str] | None = None) -> str:
    record = _records(rules, kind).get(code)
    title = getattr(record, "title", "") or (typed or {}).get("title", "")
    return title or (gettext(words.KINDS[kind]) if kind in {Kind.PRIORITY, Kind.PERSON} else code)


def _entity(kind: Kind) -> str:
    return f"lines.{kind}"


def _undone(change: Change) -> frozenset[str]:
    """Return the fields of a change that can be brought back."""
    told = {name for name, value in change.before.items() if value is not None}
    return frozenset(told) - {"active", "vip_count"}


def _line(change: Change, *, undo: bool) -> dict[str, Any]:
    return {
        "change": change,
        "note": note_title(change.note),
        "fields": [
            (words.field_title(name), _told(change.before.get(name)), _told(value))
            for name, value in change.after.items()
        ],
        "undo": {"change": change.id} if undo and _undone(change) else None,
    }


def _told(value: object) -> str:
    match value:
        case None | "" | [] | {}:
            return "—"
        case bool():
            return gettext("yes") if value else gettext("no")
        case dict():
            return ", ".join(f"{name}: {_told(one)}" for name, one in value.items())
        case list():
            return "; ".join(_told(one) for one in value)
        case _:
            return str(value)


__all__ = ["close", "create", "done", "explain", "listing", "new", "save", "show", "undo", "with_typed"]
