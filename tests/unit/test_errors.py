"""The error tree: one base, published ids, statuses."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re

import pytest

import hotline
from hotline import errors
from hotline.errors import BadInput, HotlineError, Unavailable

PUBLISHED = {
    errors.BadInput: (400, "bad-input"),
    errors.NotAuthenticated: (401, "not-authenticated"),
    errors.Forbidden: (403, "forbidden"),
    errors.NotFound: (404, "not-found"),
    errors.Conflict: (409, "conflict"),
    errors.TooManyAttempts: (429, "too-many-attempts"),
    errors.Unavailable: (503, "unavailable"),
    errors.HotlineError: (500, "internal-error"),
}


def every_error() -> list[type[HotlineError]]:
    """All errors of the product, wherever they are defined."""
    for module in pkgutil.walk_packages(hotline.__path__, "hotline."):
        if not re.search(r"(__main__|migrations)", module.name):
            importlib.import_module(module.name)
    found: list[type[HotlineError]] = [HotlineError]
    for kind in found:
        found += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", list(PUBLISHED), ids=lambda kind: kind.__name__)
def test_published(kind: type[HotlineError]) -> None:
    error = kind("what is wrong")

    assert (error.status, error.error_id) == PUBLISHED[kind]
    assert str(error) == error.message == "what is wrong"
    assert dict(error.details) == {}


def test_an_error_may_be_more_precise_than_its_class() -> None:
    error = Unavailable("the database does not answer", error_id="database-unavailable", details={"retry_after_s": 5})

    assert (error.status, error.error_id) == (503, "database-unavailable")
    assert json.loads(json.dumps(dict(error.details))) == {"retry_after_s": 5}


def test_details_of_one_error_are_not_those_of_another() -> None:
    first = BadInput("a", details={"field": "empty"})

    assert dict(BadInput("b").details) == {}
    assert dict(first.details) == {"field": "empty"}


def test_every_error_of_the_product_has_an_id_and_a_status_that_http_knows() -> None:
    kinds = every_error()

    assert len(kinds) > len(PUBLISHED)
    for kind in kinds:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.default_id), kind
        assert 400 <= kind.status < 600, kind
        assert kind.__doc__, kind


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    documented = dict(re.findall(r"(\w+) +(\d{3}) ", errors.__doc__ or ""))

    assert documented == {
        kind.__name__: str(status) for kind, (status, _) in PUBLISHED.items() if kind is not HotlineError
    }
