"""Tokens: bearer tokens of a few minutes, in memory only."""

from dataclasses import dataclass, field
from typing import Final

from kubefleet.kube.claims import claims_of
from kubefleet.kube.credential import Credential

_LIFE_USED: Final = 0.8
_BEFORE_END: Final = 120.0


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is never shown. Times are seconds of `time.time`; `jti` is what the audit logs of members call it, `user`
    the subject; both empty where the token does not say.
    """

    value: str = field(repr=False)
    issued: float
    expires: float
    jti: str = ""
    user: str = ""

    @property
    def renew_at(self) -> float:
        """When another one is wanted: at 80 % of its life or two minutes before its end, whatever is first."""
        life = max(self.expires - self.issued, 0.0)
        return max(self.issued, min(self.issued + _LIFE_USED * life, self.expires - _BEFORE_END))

    def credential(self) -> Credential:
        """What a request shows: asked for anew from `renew_at` on."""
        return Credential(expires=self.renew_at).with_token(self.value)


def read_token(value: str) -> Token:
    """A token by what it says of itself, which nobody has verified: the server that it is shown to does.

    Raises ValueError, without the value, where it is no JWT with `iat` and `exp`.
    """
    claims = claims_of(value)
    try:
        issued, expires = float(claims["iat"]), float(claims["exp"])
    except (KeyError, TypeError, ValueError):
        raise ValueError("a token without `iat` and `exp` (expected both)") from None
    return Token(value, issued, expires, str(claims.get("jti") or ""), str(claims.get("sub") or ""))
