"""The `Date` of an answer: what time it is by the server's clock."""

from email.utils import parsedate_to_datetime
from typing import Final

MOST_SKEW: Final = 60.0
"""Seconds: API servers take a token for so long before it begins, and it is renewed two minutes before its end."""


def moment_of(date: str, otherwise: float) -> float:
    """Seconds as of `time.time`, whole ones; `otherwise` where the header says none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return otherwise
