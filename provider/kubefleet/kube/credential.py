"""Credentials: what a request shows to say who asks. Values live in memory only and no `repr` shows them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from kubefleet.kube.patience import Patience

_REREAD_TOKEN_FILE: Final = 60.0
_EARLY: Final = 30.0


class NoToken(ValueError):
    """Whoever gives out tokens refuses one, or is silent; in one line."""


class NobodyThere(NoToken):
    """The account that a token is for has not been made yet."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers and a client certificate (PEM). `expires` is in seconds of `time.time`, None for never."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    expires: float | None = None

    def with_token(self, token: str) -> "Credential":
        """The same with a bearer token beside it."""
        return replace(self, headers=(*self.headers, ("Authorization", f"Bearer {token}")))


class CredentialSource(Protocol):
    """Where the credential of a connection comes from."""

    def current(self, patience: Patience, *, fresh: bool = False) -> Credential:
        """The credential to use now; with `fresh` a new one, because the server refused the last.

        Raises ValueError, in one line, when there is none, a NoToken where others give them out; Impatient when that
        takes too long.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """A credential that stays the same."""

    credential: Credential

    def current(self, patience: Patience, *, fresh: bool = False) -> Credential:  # noqa: ARG002 - the Protocol's
        """See `CredentialSource`."""
        return self.credential


class Kept:
    """A credential that is made by `make` when first needed, kept until shortly before it expires, made once at a time.

    `make` says by `expires` how long its credential holds.
    """

    def __init__(self, make: Callable[[Patience], Credential]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._kept: Credential | None = None

    def current(self, patience: Patience, *, fresh: bool = False) -> Credential:
        """See `CredentialSource`."""
        seen = self._kept
        if seen is not None and not fresh and not _over(seen):
            return seen
        with self._lock:
            kept = self._kept
            # Whoever waited for the lock takes what the other made, unless that is the very one that was refused.
            if kept is not None and kept is not seen and not _over(kept):
                return kept
            self._kept = self._make(patience)
            return self._kept


def token_file(path: Path, base: Credential) -> Kept:
    """The token in a file that somebody else keeps fresh; read again every minute, as client-go does."""

    def read(_: Patience) -> Credential:
        try:
            token = path.read_text().strip()
        except OSError as error:
            raise ValueError(f"cannot read the token file `{path}`: {error.strerror}") from error
        return replace(base.with_token(token), expires=time.time() + _REREAD_TOKEN_FILE + _EARLY)

    return Kept(read)


def _over(credential: Credential) -> bool:
    return credential.expires is not None and time.time() >= credential.expires - _EARLY
