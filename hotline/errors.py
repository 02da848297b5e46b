"""The error tree. One base; every error says what is wrong in words and in a machine-readable ``error_id``.

::

    HotlineError
     ├── BadInput            400  the request cannot be understood; nothing was changed
     ├── NotAuthenticated    401  no session, or it has expired
     ├── Forbidden           403  the session's rights do not allow it
     ├── NotFound            404  no such record, or it is not visible to this user
     ├── Conflict            409  somebody else changed the record first, or the state forbids the move
     ├── TooManyAttempts     429  rate limit
     └── Unavailable         503  a part of the system is down (Asterisk, PostgreSQL); try again

``error_id`` is lower-case words joined by hyphens and never changes once published; ``details`` is JSON-safe.
"""

from __future__ import annotations

from collections.abc import Mapping


class HotlineError(Exception):
    """Base of every error that this product raises on purpose."""

    status = 500
    default_id = "internal-error"

    def __init__(
        self, message: str, *, error_id: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_id = error_id or self.default_id
        self.details: Mapping[str, object] = details or {}


class BadInput(HotlineError):
    """The input cannot be accepted. ``details`` maps a field name to what is wrong with it."""

    status = 400
    default_id = "bad-input"


class NotAuthenticated(HotlineError):
    """There is no valid session."""

    status = 401
    default_id = "not-authenticated"


class Forbidden(HotlineError):
    """The user is known but may not do this."""

    status = 403
    default_id = "forbidden"


class NotFound(HotlineError):
    """The thing does not exist, or the user may not know that it does."""

    status = 404
    default_id = "not-found"


class Conflict(HotlineError):
    """The state of the record does not allow this, or it changed in between."""

    status = 409
    default_id = "conflict"


class TooManyAttempts(HotlineError):
    """A rate limit was hit. ``details["retry_after_s"]`` says when to try again."""

    status = 429
    default_id = "too-many-attempts"


class Unavailable(HotlineError):
    """A part that this action needs is down."""

    status = 503
    default_id = "unavailable"
