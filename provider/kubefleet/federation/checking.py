"""Whether a member is as its join has left it: tokens, the fence, clocks, and what the reader may read."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.federation.allowed import lacking
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.role import READER, RIGHTS, Role
from kubefleet.identity.fence import NAME as FENCE
from kubefleet.identity.rights import actions_of
from kubefleet.identity.roles import VERSION
from kubefleet.identity.tiers import READER_RIGHTS
from kubefleet.kube.clock import seconds_ahead
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError, NoAccess, NoIdentity, Unreachable
from kubefleet.kube.http_date import MOST_SKEW
from kubefleet.kube.object_access import apply_body
from kubefleet.kube.patience import Patience
from kubefleet.kube.reviews import user_of

_IN_FORCE_WITHIN: Final = 30.0
_PAUSE: Final = 0.2
# Not `fleet:*`, so that it is refused whatever the ceiling is; never written, as it is a dry run.
_FORBIDDEN: Final[dict[str, Any]] = {
    "apiVersion": VERSION,
    "kind": "ClusterRole",
    "metadata": {"name": "kubefleet-check"},
    "rules": [],
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check at one member: `wrong` is one line, empty where all is well; `remedy` says who can mend it."""

    member: str
    check: str
    wrong: str = ""
    remedy: str = ""


JOIN: Final = "join"
"""The remedy of an admin of the member: join it again."""
UP: Final = "up"
"""The remedy of whoever runs the fleet."""
CLOCK: Final = "clock"
NETWORK: Final = "network"


def check_member(
    member: FederatedMember, placements: Sequence[Role], now: Callable[[], float] = time.time
) -> Iterator[Finding]:
    """Each check once, in one order; of a member that cannot be reached only that. Writes nothing."""
    try:
        skew = seconds_ahead(member.acting_as(READER), now)
    except (NoAccess, NoIdentity):
        skew = 0.0  # it answers, but gives no token: that is told below
    except Unreachable as error:
        yield Finding(member.name, "answers", error.why, NETWORK)
        return
    wrong = (
        f"{abs(skew):.0f} s {'behind' if skew < 0 else 'ahead of'} this machine (expected at most {MOST_SKEW:.0f} s)"
    )
    yield Finding(member.name, "clock", wrong if abs(skew) > MOST_SKEW else "", CLOCK)
    # Where an admin hands out rights there is nobody to fence in.
    fenced = (RIGHTS,) if member.mode.grants else ()
    for role in (READER, *fenced, *placements):
        remedy = UP if role in placements else JOIN
        yield Finding(member.name, f"token of {role.words}", _no_token(member, role), remedy)
    if fenced:
        yield Finding(member.name, "fence", _no_fence(member.acting_as(RIGHTS)), JOIN)
    yield Finding(member.name, "reader", _does_not_read(member.reader()), JOIN)


def await_fence(rights: Connection, patience: Patience) -> None:
    """Wait until the fence holds the one that hands out rights: an API server takes some time to hear of a policy, and
    until then it is the member's admin. Raises MemberError where that takes more than half a minute.
    """
    until = time.monotonic() + _IN_FORCE_WITHIN
    while why := _no_fence(rights):
        if time.monotonic() >= until:
            raise MemberError(rights.name, why)
        patience.sleep(_PAUSE)


def _no_token(member: FederatedMember, role: Role) -> str:
    try:
        seen = user_of(member.acting_as(role))
    except MemberError as error:
        return _line(error)
    user = member.mode.user(role)
    return f"the member takes it for `{seen}` (expected `{user}`)" if user and seen != user else ""


def _no_fence(rights: Connection) -> str:
    try:
        apply_body(rights, _FORBIDDEN, manager="kubefleet-check", force=True, dry_run=True)
    except ApiError as error:
        return "" if f"'{FENCE}'" in error.message else error.message
    except MemberError as error:
        return _line(error)
    return f"`{FENCE}` is not in force: whoever hands out rights could take any"


def _does_not_read(reader: Connection) -> str:
    try:
        denied = lacking(reader, actions_of(READER_RIGHTS))
    except MemberError as error:
        return _line(error)
    return f"{len(denied)} rights lack, first: {denied[0]}" if denied else ""


def _line(error: MemberError) -> str:
    return str(error).removeprefix(f"{error.member}: ")
