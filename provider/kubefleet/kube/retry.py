"""Which failures are worth another try, and when."""

import logging
import time
from dataclasses import dataclass, field
from typing import Final

from kubefleet.kube.ask import Ask
from kubefleet.kube.errors import ApiError
from kubefleet.kube.failure import Broken, NotListening, Silent

_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 1.0
_LONGEST_ASKED: Final = 4.0  # a cancel must end a command in less than 5 s
_BUSY: Final = frozenset({500, 502, 503, 504})

# The retry library warns of every retry; without a handler Python prints that on the user's terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Whether a request may be sent again.

    429 always: the server did nothing. 503 and cut connections where the request is repeatable; other 5xx for reads
    only. 409 never: the caller must read again. With `once`, a server that refuses connections is not asked
    again: the question is whether it answers now.
    """

    ask: Ask
    once: bool = False

    def allows(self, error: Exception) -> bool:
        """Whether to try again after this."""
        match error:
            case Silent():
                return True
            case NotListening():
                return not self.once
            case Broken():
                return self.ask.repeatable
            case ApiError(status=429):
                return True
            case ApiError(status=503):
                return self.ask.repeatable
            case ApiError(status=status):
                return status in _BUSY and self.ask.method == "GET"
        return False


@dataclass(slots=True)
class Backoff:
    """Waits of one request: what the server asks for (Retry-After), else doubling; none that would end after `end`.

    A backoff hook of `stamina`: False gives up, a number is the seconds to wait.
    """

    rule: RetryRule
    end: float
    _next: float = field(default=_FIRST_WAIT)

    def __call__(self, error: Exception) -> bool | float:
        """See the class."""
        if not self.rule.allows(error):
            return False
        asked = error.retry_after if isinstance(error, ApiError) else None
        wait = self._next if asked is None else min(max(asked, _FIRST_WAIT), _LONGEST_ASKED)
        self._next = min(self._next * 2, _LONGEST_WAIT)
        return wait if time.monotonic() + wait < self.end else False
