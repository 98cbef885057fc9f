"""Why a server does not know whoever asks (401): it says nothing of it, so we go by our own token."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.claims import claims_of
from kubefleet.kube.credential import Credential
from kubefleet.kube.http_date import MOST_SKEW, moment_of

_LONGEST: Final = 3600
_OF_A_FLEET: Final = "fleet:"


def why_unauthorized(credential: Credential, date: str, now: float) -> str:
    """One line for the user; empty where the credential is no token that says anything.

    `date` is the answer's header of that name, `now` in seconds of `time.time`. The first of these that holds: expired,
    not valid yet, longer or for more audiences than members take of a fleet's tokens; else, all that is left: issuer,
    audience, account, the issuer's keys.
    """
    bearer = dict(credential.headers).get("Authorization", "")
    try:
        claims = claims_of(bearer.removeprefix("Bearer "))
    except ValueError:
        return ""
    there = moment_of(date, now)
    audiences = _audiences(claims)
    return (
        _by_time(claims, there, there - now)
        or _by_shape(claims, audiences)
        or f"the token is valid by its times, so this server {_distrusts(claims, audiences)}. "
        "`kubefleet identity check` tells more"
    )


def _by_time(claims: Mapping[str, Any], there: float, ahead: float) -> str:
    expires, begins = _seconds(claims, "exp"), _seconds(claims, "nbf") or _seconds(claims, "iat")
    skew = ""
    if abs(ahead) > MOST_SKEW:
        skew = f"; its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if expires is not None and expires <= there:
        return f"the token has expired {there - expires:.0f} s ago by the server's clock{skew}"
    if begins is not None and begins > there:
        return f"the token begins in {begins - there:.0f} s by the server's clock{skew}"
    return ""


def _by_shape(claims: Mapping[str, Any], audiences: tuple[str, ...]) -> str:
    """What the rules of a member refuse that trusts a hub, whoever has signed it."""
    if not any(audience.startswith(_OF_A_FLEET) for audience in audiences):
        return ""
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if len(audiences) > 1:
        return f"the token is for {len(audiences)} audiences (expected the member's alone)"
    if expires is not None and issued is not None and expires - issued > _LONGEST:
        return f"the token lives {expires - issued:.0f} s (expected at most {_LONGEST} s)"
    return ""


def _distrusts(claims: Mapping[str, Any], audiences: tuple[str, ...]) -> str:
    trust = f"does not trust the issuer `{claims.get('iss')}` with the audience `{', '.join(audiences)}`"
    if any(audience.startswith(_OF_A_FLEET) for audience in audiences):
        return f"{trust}, denies this very token, or has not read the issuer's keys since they changed"
    return f"{trust}, or its account `{claims.get('sub')}` is gone"


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    raw = claims.get("aud")
    return (raw,) if isinstance(raw, str) else tuple(map(str, raw or ()))


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) else None
