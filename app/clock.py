"""The only now() of the application. Everything else takes the instant as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware, UTC, microseconds."""
    return datetime.now(UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware instant, exactly."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(micros: int) -> datetime:
    """The aware UTC instant of a count of microseconds since the epoch."""
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
