"""Every operation of ``/api/v1``, in one table: routes and the published document are made from it."""

from __future__ import annotations

from hotline.web.v1 import appeals, shapes, telephony
from hotline.web.v1.operations import Operation

_ID = r"{id:[1-9][0-9]{0,17}}"
_KEY = r"{key:[A-Za-z0-9][A-Za-z0-9.-]{0,63}}"
_TRIGGER = r"{trigger:[a-z][a-z0-9_]{0,39}}"
_ETAG = {"ETag": "The version, for `If-Match` of the next move"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/v1/token", telephony.account, "getToken", "token", "Whose token this is and what it opens",
        shapes.Account,
    ),
    Operation(
        "GET", "/api/v1/appeals", appeals.listing, "listAppeals", "journal", "A folder of the journal, page by page",
        shapes.Appeals, query=shapes.AppealsQuery,
    ),
    Operation(
        "POST", "/api/v1/appeals/search", appeals.search, "searchAppeals", "journal",
        "The same by words; what is searched stands in no address", shapes.Appeals, body=shapes.AppealsSearch,
    ),
    Operation(
        "POST", "/api/v1/appeals", appeals.register, "createAppeal", "journal", "Register an appeal",
        shapes.Appeal, body=shapes.NewAppeal, status=201, errors=(404, 409),
        sends={"Idempotency-Key": "1 to 100 visible ASCII characters; the same key brings the same appeal"},
        gives={**_ETAG, "Location": "The address of the appeal"},
    ),
    Operation(
        "GET", f"/api/v1/appeals/{_ID}", appeals.one, "getAppeal", "journal", "An appeal", shapes.Appeal,
        errors=(404,), gives=_ETAG,
    ),
    Operation(
        "POST", f"/api/v1/appeals/{_ID}/moves/{_TRIGGER}", appeals.move, "moveAppeal", "journal",
        "Make a move of the process profile", shapes.Appeal, body=shapes.MoveBody, errors=(404, 409, 412, 428),
        sends={"If-Match": "The ETag of the version that this was decided from"}, gives=_ETAG,
    ),
    Operation(
        "GET", "/api/v1/calls", telephony.calls, "listCalls", "calls", "Calls, newest first", shapes.Calls,
        query=shapes.CallsQuery,
    ),
    Operation(
        "GET", f"/api/v1/calls/{_KEY}", telephony.call, "getCall", "calls", "A call", shapes.Call, errors=(404,),
    ),
    Operation(
        "GET", f"/api/v1/calls/{_KEY}/recording", telephony.recording, "getRecording", "calls",
        "What is kept of the sound of a call", shapes.Recording, errors=(404,),
    ),
    Operation(
        "POST", "/api/v1/directory/search", telephony.directory, "searchDirectory", "directory",
        "Colleagues, organisations and contacts", shapes.Directory, body=shapes.DirectorySearch,
    ),
    Operation("GET", "/api/v1/board", telephony.board, "getBoard", "board", "The board as it is now", shapes.Board),
)  # fmt: skip
