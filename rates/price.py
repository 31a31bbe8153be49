"""Cost of a call of d seconds, exact, for whole columns (docs/decision.md 3)."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
SHORT, LONG = 30, 180


def amount60(
    rate: Ints, first_rate: Ints, fee: Ints, initial: Ints, following: Ints, free: Ints, seconds: int
) -> Ints:
    """Nanos × 60 for one call of `seconds`. `first_rate` < 0 = same as `rate`. Fits 64 bits: rates are at most 10¹³ nanos."""
    beyond = np.maximum(seconds - initial, 0)
    extra = -(-beyond // following) * following
    amount = 60 * fee + np.where(first_rate < 0, rate, first_rate) * initial + rate * extra
    found: Ints = np.where(seconds <= free, 0, amount)
    return found


def per_minute(amount: Ints, seconds: int) -> Ints:
    """Effective nanos a minute of an `amount60`, half-up to a whole nano."""
    found: Ints = (2 * amount + seconds) // (2 * seconds)
    return found
