"""Joining a member, by the access that its admin has declared."""

from pathlib import Path
from typing import Final

from kubefleet.federation import joining
from kubefleet.federation.constrained import by_legacy
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.membership import Membership
from kubefleet.federation.trusting import Issuer
from kubefleet.kube import MemberError
from kubefleet.kube.hub import HUB
from kubefleet.kube.patience import Patience
from kubefleet.kube.reviews import user_of
from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import federated, identity_settings
from kubefleet.resources._inputs import access_of

_WITHIN: Final = 15.0


def join(news: Props) -> int:
    """Apply what the member must have, in order, and have it trust the hub. How many objects that are. Raises
    MemberError.
    """
    patience = Patience(_WITHIN, cancelled=_engine.cancelled.is_set)
    return sum(1 for _ in _membership(news, joins=True).join(patience))


def leave(props: Props) -> None:
    """Take it back. Raises MemberError."""
    for _ in _membership(props, joins=False).leave():
        pass


def _membership(news: Props, *, joins: bool) -> Membership:
    """Without accounts on the hub, which are the `Hub`'s. Raises MemberError."""
    name, settings = news["member"], identity_settings(news)
    if settings is None:
        raise MemberError(name, "the fleet has no identity to join it to")
    uid = news.get("uid") or ""
    member = federated(name, access_of(name, news), settings, uid=uid, joins=True)
    issuer = None
    if member.mode.trusts_issuer:
        issuer = Issuer(_session.connection_to(HUB, settings.hub), settings.namespace)
    file = Path(news["authentication_config"]) if news.get("authentication_config") else None
    agent = _agent(member, news)
    operators = () if agent else news.get("operators") or ()
    legacy = joins and by_legacy(member.mode, member.declared, allowed=settings.legacy_impersonation)
    there = joining.joining(member.mode, settings.ceiling, operators, agent=agent, legacy=legacy)
    return Membership(member, there, issuer=issuer, uid=uid, file=file)


def _agent(member: FederatedMember, news: Props) -> str:
    """Who acts as the fleet's users, in modes with an agent: the one operator that an admin's own stack names; in a
    fleet's stack whoever joins the member.
    """
    if not member.mode.impersonates:
        return ""
    return str(next(iter(news.get("operators") or ()), "") or user_of(member.declared))
