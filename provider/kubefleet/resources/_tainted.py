"""Since when members bear their NoExecute taints: toleration seconds run from there.

It stands among the computed inputs of `Schedule`, an entry for each taint that the program declares, written when the
taint appears and taken out with it. A taint that is declared stands without a break from one `up` to the next, so
nothing has to be written while it stands, and the second `up` stays empty; a record in the cluster would be one more
object to write, and to lose, on a member that is just being taken out of use.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from kubefleet.model.member import Member
from kubefleet.model.request import Request
from kubefleet.model.taint import Effect, Taint

Since = dict[str, dict[str, str]]
"""Member -> taint -> ISO 8601."""


def tainted_since(
    members: tuple[Member, ...], requests: tuple[Request, ...], before: Mapping[str, Any], now: datetime
) -> Since:
    """The moments known `before`, and `now` for taints that are new. Nothing while no placement counts seconds."""
    if not any(toleration.seconds for request in requests for toleration in request.policy.tolerations):
        return {}
    found: Since = {}
    for member in members:
        known = before.get(member.name) or {}
        for taint in member.taints:
            if _counts(taint):
                moment = known.get(str(taint)) or now.isoformat(timespec="seconds")
                found.setdefault(member.name, {})[str(taint)] = moment
    return found


def with_moments(members: tuple[Member, ...], since: Mapping[str, Any]) -> tuple[Member, ...]:
    """The members, their taints bearing the moments of `since`."""

    def dated(member: Member, taint: Taint) -> Taint:
        text = (since.get(member.name) or {}).get(str(taint))
        return replace(taint, added=datetime.fromisoformat(text)) if text and _counts(taint) else taint

    return tuple(
        replace(member, taints=tuple(dated(member, taint) for taint in member.taints))
        if member.name in since
        else member
        for member in members
    )


def _counts(taint: Taint) -> bool:
    return taint.effect is Effect.NO_EXECUTE and taint.added is None
