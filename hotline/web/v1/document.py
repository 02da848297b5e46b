"""The OpenAPI 3.1 document of ``/api/v1``, made from the types that read requests and write answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from hotline import __version__
from hotline.web.access import ACCESS
from hotline.web.v1.operations import JSON, Operation
from hotline.web.v1.shapes import Problem
from hotline.web.v1.table import OPERATIONS

ADDRESS = "/api/v1/openapi.json"
_PART = re.compile(r"\{(\w+):((?:[^{}]|\{[^{}]*\})+)\}")
_EVERYWHERE = (400, 401, 403, 429, 500, 503)
_WITH_BODY = (411, 413)
_WORDS = {
    400: "The request cannot be understood; `details` says why",
    401: "No token, or one that does not work",
    403: "The token does not open this",
    404: "There is no such record, or this account may not see it",
    409: "The state of the record does not allow it",
    411: "A body without `Content-Length`",
    412: "Somebody changed it since: `If-Match` names an older version",
    413: "The body is too large",
    428: "`If-Match` is missing",
    429: "Too many requests; `Retry-After` says when to go on",
    500: "Something broke here",
    503: "A part of the system does not answer; try again",
}
_PARTS: Mapping[str, dict[str, Any]] = {
    "id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "key": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9.\\-]{0,63}$"},
    "trigger": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
}
_HEADERS: Mapping[str, dict[str, Any]] = {
    "Idempotency-Key": {"type": "string", "pattern": "^[!-~]{1,100}$"},
    "If-Match": {"type": "string", "pattern": '^"v[0-9]{1,9}"$'},
}


def plain(path: str) -> str:
    """Return an address without the patterns of its parts: ``/api/v1/appeals/{id}``."""
    return _PART.sub(r"{\1}", path)


def document(operations: Iterable[Operation] = OPERATIONS) -> dict[str, Any]:
    """Return the document."""
    operations = tuple(operations)
    types: list[Any] = [Problem]
    for one in operations:
        types += [one.answer, one.query] + ([one.body] if one.body is not None else [])
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(plain(one.path), {})[one.method.lower()] = _operation(one, components)
    for one in operations:  # a query is written out as parameters, it is no shape of a body
        if one.body is not one.query:
            components.pop(one.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hotline",
            "version": __version__,
            "description": "The contact centre's interface for other systems. Every address needs a token.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _operation(one: Operation, components: Mapping[str, Any]) -> dict[str, Any]:
    needs = ACCESS[f"{one.method} {plain(one.path)}"]
    found: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "parameters": [*_path(one), *_query(one, components), *_headers(one)],
        "responses": {str(one.status): _success(one), **{str(status): _error(status) for status in _statuses(one)}},
        "x-rights": list(needs.rights),
    }
    if needs.rights:
        found["description"] = f"Needs any of the rights: {', '.join(needs.rights)}."
    if one.body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(one.body)}}}
    return found


def _statuses(one: Operation) -> list[int]:
    return sorted({*_EVERYWHERE, *one.errors, *(_WITH_BODY if one.body is not None else ())})


def _path(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PARTS[name]} for name, _ in _PART.findall(one.path)
    ]


def _query(one: Operation, components: Mapping[str, Any]) -> list[dict[str, Any]]:
    shape = components[one.query.__name__]
    required = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(schema)}
        for name, schema in shape.get("properties", {}).items()
    ]


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter that is absent is not there: there is no way to write null into an address."""
    kept = {name: value for name, value in schema.items() if name != "default"}
    options = [option for option in kept.get("anyOf", ()) if option != {"type": "null"}]
    if options:
        kept.pop("anyOf")
        return {**options[0], **kept} if len(options) == 1 else {**kept, "anyOf": options}
    if "enum" in kept:
        kept["enum"] = [value for value in kept["enum"] if value is not None]
    return kept


def _headers(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": True, "description": text, "schema": _HEADERS[name]}
        for name, text in one.sends.items()
    ]


def _success(one: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": one.summary, "content": {JSON: {"schema": _ref(one.answer)}}}
    if one.gives:
        answer["headers"] = {
            name: {"description": text, "required": True, "schema": {"type": "string"}}
            for name, text in one.gives.items()
        }
    return answer


def _error(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": _WORDS[status],
        "content": {"application/problem+json": {"schema": _ref(Problem)}},
    }
    if status == 429:
        answer["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer"}}}
    return answer


def _ref(shape: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


async def show(request: web.Request) -> web.Response:
    """Answer the document. It tells nothing of anybody: everybody may read it."""
    del request
    return web.Response(body=msgspec.json.encode(document()), content_type=JSON)
