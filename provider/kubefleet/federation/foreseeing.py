"""What would make a member's trust in a hub fail, looked at before anything is touched."""

import time
from collections.abc import Callable

from kubefleet.federation.trusting import Issuer, issuer_of
from kubefleet.identity import Flawed
from kubefleet.identity.trust import TrustedHub, trusting
from kubefleet.kube.clock import seconds_ahead
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import MemberError
from kubefleet.kube.http_date import MOST_SKEW


def foresee_trust(admin: Connection, issuer: Issuer, uid: str, now: Callable[[], float] = time.time) -> TrustedHub:
    """What the member behind `admin` is to trust, where that can be. Writes nothing.

    Raises MemberError in one line where it cannot: the hub shows its keys to nobody, its issuer is the member's own
    too, or one clock is so far from the other that tokens are not valid yet, or no more.
    """
    trusted = issuer.trusted_by(uid)
    try:
        trusting(None, trusted, own_issuers=(issuer_of(admin),))
    except Flawed as error:
        raise MemberError(admin.name, "; ".join(flaw.why for flaw in error.flaws)) from error
    ahead = seconds_ahead(admin, now) - seconds_ahead(issuer.hub, now)
    if abs(ahead) > MOST_SKEW:
        other = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the hub's"
        wrong = f"its clock is {other} (expected at most {MOST_SKEW:.0f} s), so that it would refuse the hub's tokens"
        raise MemberError(admin.name, f"{wrong}. Set the one that is wrong: timedatectl status")
    return trusted
