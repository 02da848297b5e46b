"""Scores of conversations: lists, the page on which one is scored, answered and decided (DAY-37)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from hotline.errors import BadInput, HotlineError, NotFound
from hotline.scoring.model import Comment, Criterion, CriterionKind, Move, Review, ReviewLine, State
from hotline.scoring.service import PAGE, Filled
from hotline.staff.model import Right
from hotline.web.context import client_address, current_user, services
from hotline.web.forms import form_fields, json_body, path_id, query_text
from hotline.web.i18n import gettext, mark
from hotline.web.quality_words import answer_word, move_mark, percent_text, state_mark, verdict
from hotline.web.render import page
from hotline.web.titles import Mark
from hotline.web.views.recording import PlayerPage, player_page

FOLDERS: dict[str, tuple[str, tuple[State, ...]]] = {
    "work": (mark("To be scored"), (State.DRAWN, State.DRAFT)),
    "disputed": (mark("Not agreed"), (State.DISPUTED,)),
    "done": (mark("Scored"), (State.PUBLISHED, State.ACCEPTED, State.SETTLED)),
    "skipped": (mark("Not suited"), (State.SKIPPED,)),
    "mine": (mark("My conversations"), (State.PUBLISHED, State.ACCEPTED, State.DISPUTED, State.SETTLED)),
}
MINE = "mine"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list."""

    review: ReviewLine
    state: Mark
    percent: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A folder above the list."""

    code: str
    title: str
    count: int | None


class _Comment(msgspec.Struct, forbid_unknown_fields=True):
    at_s: float
    text: str


class _Sent(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    note: str = ""
    answers: dict[str, str] | None = None
    comments: list[_Comment] = []
    summary: str = ""

    def filled(self) -> Filled | None:
        """Return what the sheet holds; ``None``: it was not sent."""
        if self.answers is None:
            return None
        if "\x00" in self.note:
            raise BadInput("the text has a zero character", details={"note": "zero character"})
        comments = tuple(Comment(one.at_s, one.text.strip()) for one in self.comments)
        return Filled(self.answers, comments, self.summary.strip())


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the conversations that wait for a score, or have one."""
    its, user = services(request), current_user(request)
    reviews = user.may(Right.QUALITY_REVIEW)
    folder = query_text(request, "folder", limit=20) or ("work" if reviews else MINE)
    if folder not in FOLDERS or (folder != MINE and not reviews):
        raise BadInput("there is no such list", details={"folder": "unknown"})
    before = query_text(request, "before", limit=18)
    if before and not (before.isascii() and before.isdigit()):
        raise BadInput("this page of the list does not exist", error_id="bad-cursor")
    found = await its.reviews.page(user, FOLDERS[folder][1], own=folder == MINE, before=int(before) if before else None)
    counts = await its.reviews.counts(user) if reviews else {}
    tabs = [
        Tab(code, gettext(title), sum(counts.get(str(one), 0) for one in states) if code in _COUNTED else None)
        for code, (title, states) in FOLDERS.items()
        if reviews or code == MINE
    ]
    context = {
        "rows": [_line(one) for one in found],
        "tabs": tabs,
        "folder": folder,
        "title": gettext(FOLDERS[folder][0]),
        "next_url": f"/quality?folder={folder}&before={found[-1].id}" if len(found) == PAGE else None,
        "first_url": f"/quality?folder={folder}" if before else None,
    }
    return await page(request, "pages/quality.html", context, section="quality")


_COUNTED = {"work", "disputed"}


async def choose(request: web.Request) -> web.StreamResponse:
    """Ask whose part of a call is to be scored, and by which sheet."""
    its, user = services(request), current_user(request)
    key = query_text(request, "call", limit=64)
    talks = await its.reviews.talks(user, key)
    if not talks:
        raise NotFound("there is no such conversation to score", error_id="no-such-call")
    context = {"key": key, "talks": talks, "sheets": await its.quality_admin.sheets(user)}
    return await page(request, "pages/quality_new.html", context, section="quality")


async def begin(request: web.Request) -> web.StreamResponse:
    """Take a conversation of one's own choice."""
    user, sent = current_user(request), await form_fields(request)
    operator_id, sheet_id = (_number(sent.get(name, ""), name) for name in ("operator_id", "sheet_id"))
    review_id = await services(request).reviews.begin(user, sent.get("call", ""), operator_id, sheet_id)
    return web.Response(status=303, headers={"Location": f"/quality/{review_id}"})


async def show(request: web.Request) -> web.StreamResponse:
    """Show a conversation with its recording and its sheet."""
    its, user = services(request), current_user(request)
    review, moves = await its.reviews.one(user, path_id(request))
    edits = bool({Move.SAVE, Move.CHANGE} & set(moves))
    player, silence = await _player(request, review)
    context: dict[str, Any] = {
        "review": review,
        "state": state_mark(review.line.state),
        "percent": percent_text(review.line.percent if not edits else review.score.percent),
        "verdict": verdict(review.line.percent if not edits else review.score.percent),
        "choices": choices,
        "answer_word": answer_word,
        "move_mark": move_mark,
        "percent_text": percent_text,
        "moves": {str(one) for one in moves},
        "edits": edits,
        "own": review.line.operator_id == user.id,
        "page": player,
        "silence": silence,
        "reviewers": await its.calibrations.people(user) if _may_calibrate(review, user.id, moves) else (),
    }
    return await page(request, "pages/quality_review.html", context, section="quality")


async def save(request: web.Request) -> web.Response:
    """Keep what is filled in; answer the new version and what it is worth so far."""
    sent = await json_body(request, _Sent)
    filled = sent.filled()
    if filled is None:
        raise BadInput("the answers are missing", details={"answers": "required"})
    review = await services(request).reviews.save(current_user(request), path_id(request), sent.version, filled)
    return web.json_response(_state(review))


async def act(request: web.Request) -> web.Response:
    """Make the move that the address names."""
    sent = await json_body(request, _Sent)
    move = Move(request.path.rpartition("/")[2])
    review = await services(request).reviews.move(
        current_user(request), path_id(request), sent.version, move, note=sent.note, filled=sent.filled()
    )
    return web.json_response(_state(review))


def _state(review: Review) -> dict[str, Any]:
    score = review.score
    return {
        "version": review.version,
        "state": str(review.line.state),
        "percent": score.percent,
        "shown": percent_text(score.percent),
        "verdict": verdict(score.percent),
        "missing": list(score.missing),
        "fatal": list(score.fatal),
        "sections": [percent_text(part) for _, part in score.sections],
    }


def _line(one: ReviewLine) -> Line:
    shown = one.percent if one.state not in {State.DRAWN, State.SKIPPED} else None
    return Line(one, state_mark(one.state), percent_text(shown), verdict(shown))


def _may_calibrate(review: Review, user_id: int, moves: tuple[Move, ...]) -> bool:
    ours = review.line.operator_id != user_id and review.line.calibration_id is None
    return ours and review.line.state is not State.SKIPPED and bool(moves or review.line.reviewer_id)


def choices(criterion: Criterion) -> list[tuple[str, str]]:
    """Return the answers of a criterion with their words."""
    values = ["yes", "no"]
    if criterion.kind is CriterionKind.SCALE:
        values = [str(points) for points in range(criterion.top + 1)]
    return [(one, answer_word(one)) for one in (*values, *(["na"] if criterion.may_skip else []))]


async def _player(request: web.Request, review: Review) -> tuple[PlayerPage | None, str]:
    """Return the player, or why there is none. That he listens is written down as everywhere, with the reason."""
    if not review.recorded:
        return None, gettext("This conversation was not recorded.")
    its, user = services(request), current_user(request)
    reason = "" if review.line.operator_id == user.id else f"{gettext('Score')} {review.line.id}"
    try:
        await its.recordings.authorise(user, review.line.call_key, ip=client_address(request), reason=reason)
        return await player_page(request, review.line.call_key), ""
    except HotlineError as error:
        if error.error_id == "recording-deleted":
            return None, gettext("The recording was deleted at the end of its time.")
        if error.status not in {403, 404}:
            raise
        return None, gettext("You may not listen to this recording.")


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadInput("a choice is missing", details={name: "required"})
    return int(text)
