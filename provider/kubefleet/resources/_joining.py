"""Applying a join to a member, by the access that its admin has declared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kubefleet.federation import joining
from kubefleet.federation.checking import await_fence
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.role import RIGHTS
from kubefleet.federation.trusting import Issuer, distrust, trust
from kubefleet.kube import MemberError
from kubefleet.kube.cluster_uid import cluster_uid
from kubefleet.kube.hub import HUB
from kubefleet.kube.patience import Patience
from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import federated, identity_settings
from kubefleet.resources._inputs import access_of

_WITHIN: Final = 15.0


def join(news: Props) -> int:
    """Apply what the member must have, in order, and have it trust the hub. How many objects that are. Raises
    MemberError.
    """
    member, manifests = _joining(news)
    written = sum(1 for _ in joining.join(member.declared, manifests))
    patience = Patience(_WITHIN, cancelled=_engine.cancelled.is_set)
    if (issuer := _issuer(news)) is not None:
        uid = news.get("uid") or cluster_uid(member.declared)
        trust(member, issuer, uid, _file(news), patience)
    if member.mode.grants:
        await_fence(member.acting_as(RIGHTS), patience)
    return written


def leave(props: Props) -> None:
    """Take it back. Raises MemberError."""
    member, manifests = _joining(props)
    if (issuer := _issuer(props)) is not None and (file := _file(props)) is not None:
        distrust(member, issuer, file)
    for _ in joining.leave(member.declared, manifests):
        pass


def _issuer(news: Props) -> Issuer | None:
    """The hub that the member is to trust, where the mode is about one."""
    settings = identity_settings(news)
    if settings is None or settings.hub is None or settings.mode != "oidc":
        return None
    return Issuer(_session.connection_to(HUB, settings.hub), settings.namespace)


def _file(news: Props) -> Path | None:
    return Path(news["authentication_config"]) if news.get("authentication_config") else None


def _joining(news: Props) -> tuple[FederatedMember, tuple[Mapping[str, Any], ...]]:
    name, settings = news["member"], identity_settings(news)
    if settings is None:
        raise MemberError(name, "the fleet has no identity to join it to")
    member = federated(name, access_of(name, news), settings, uid=news.get("uid") or "", joins=True)
    return member, joining.joining(member.mode, settings.ceiling)
