"""Faults a person or a program can act on. Each has a stable code, a sentence, and a way to mend it."""

from typing import Any


class DomainError(Exception):
    """A refusal with a stable `code`; mapped to problem+json or a page in one place (app.web.errors)."""

    code = "error"
    status = 400

    def __init__(self, message: str, *, hint: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts


class NotFound(DomainError):
    """The object does not exist, or belongs to another company: the two look the same."""

    code = "not_found"
    status = 404


class Forbidden(DomainError):
    code = "forbidden"
    status = 403


class Conflict(DomainError):
    """The object is not in the state this act needs."""

    code = "conflict"
    status = 409


class Invalid(DomainError):
    code = "invalid"
    status = 422


class TooLarge(DomainError):
    code = "too_large"
    status = 413
