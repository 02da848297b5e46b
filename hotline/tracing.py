"""A hook for tracing: spans round requests, facts of the bus, SQL statements and actions of Asterisk (ADR 0039).

Off unless ``HOTLINE_TRACING`` names a function that returns a tracer with OpenTelemetry's interface
(``opentelemetry.trace.Tracer``). While it is off a span costs a function call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import Engine

from hotline.errors import BadInput

_SHOWN = 1000
"""Characters of a statement that a span keeps. Never its parameters: they are people's data."""


class Span(Protocol):
    """What we use of ``opentelemetry.trace.Span``."""

    def end(self) -> None:
        """Tell that what the span is about is over."""
        ...


class Tracer(Protocol):
    """What we use of ``opentelemetry.trace.Tracer``."""

    def start_as_current_span(self, name: str, *, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
        """Return a context in which a span runs; spans begun inside are its children."""
        ...

    def start_span(self, name: str, *, attributes: Mapping[str, str]) -> Span:
        """Begin a span that is a child of the current one."""
        ...


_OFF = nullcontext()
_tracer: Tracer | None = None


def span(name: str, **attributes: str) -> AbstractContextManager[object]:
    """Return a context for something that takes time. Names and attributes are from bounded sets or ids, never data."""
    return _OFF if _tracer is None else _tracer.start_as_current_span(name, attributes=attributes)


def load(where: str) -> Tracer:
    """Call ``package.module:function`` and return its tracer.

    :raises BadInput: there is no such function, or what it returns is no tracer.
    """
    module, _, function = where.partition(":")
    try:
        make: Callable[[], Tracer] = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(f"HOTLINE_TRACING: there is no function {where!r}: {error}") from error
    tracer = make()
    if not all(hasattr(tracer, one) for one in ("start_as_current_span", "start_span")):
        raise BadInput(f"HOTLINE_TRACING: {where} returned no tracer")
    return tracer


def install(tracer: Tracer | None) -> None:
    """Trace with ``tracer`` from now on; ``None``: no more."""
    global _tracer  # noqa: PLW0603 - one for the process, like the root logger
    hooks: tuple[tuple[str, Callable[..., None]], ...] = (
        ("before_cursor_execute", _statement_begins),
        ("after_cursor_execute", _statement_ends),
        ("handle_error", _statement_fails),
    )
    for name, hook in hooks:
        if tracer is not None and _tracer is None:
            event.listen(Engine, name, hook)
        elif tracer is None and _tracer is not None:
            event.remove(Engine, name, hook)
    _tracer = tracer


def _statement_begins(_conn: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
    if _tracer is not None and context is not None:
        verb = statement.split(maxsplit=1)[0].upper() if statement.strip() else "SQL"
        context.hotline_span = _tracer.start_span(
            f"SQL {verb}", attributes={"db.system": "postgresql", "db.statement": statement[:_SHOWN]}
        )


def _statement_ends(_conn: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
    _end(context)


def _statement_fails(what: Any) -> None:
    _end(what.execution_context)


def _end(context: Any) -> None:
    begun: Span | None = getattr(context, "hotline_span", None)
    if begun is not None:
        context.hotline_span = None
        begun.end()
