"""Under whose identity the resources of a fleet act at its members."""

from collections.abc import Callable, Mapping
from typing import Any

from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground, make_mode
from kubefleet.federation.role import placement_role
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import ApiError, Connection, MemberError, Unreachable
from kubefleet.kube.cluster_uid import cluster_uid
from kubefleet.kube.hub import HUB
from kubefleet.kube.reviews import user_of
from kubefleet.model.access import Access
from kubefleet.model.member import Member
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._inputs import access_of
from kubefleet.rollout.acting import Acting
from kubefleet.spec.identity import parse_identity
from kubefleet.spec.mistakes import Mistake


def identity_settings(props: Mapping[str, Any]) -> IdentitySettings | None:
    """None where the declared access does everything. `Schedule.check` has found them fine."""
    return parse_identity(props.get("identity"), [])


def federated(
    name: str, access: Access | None, settings: IdentitySettings, *, uid: str = "", joins: bool = False
) -> FederatedMember:
    """A member whose identities are made once in this process. `uid` is that of its kube-system namespace; where it is
    not given the member is asked, by the declared access. Raises Unreachable.
    """
    declared: Connection = _session.connection_to(name, access)

    def make() -> FederatedMember:
        hub: Connection | None = _session.connection_to(HUB, settings.hub) if settings.hub is not None else None
        ground = Ground(
            lambda _: declared,
            lambda _: uid or cluster_uid(declared),
            hub,
            settings.namespace,
            settings.seconds,
            _known_operator(settings),
            settings.entra,
        )
        return FederatedMember(name, declared, make_mode(settings.mode, ground), joins=joins)

    made: FederatedMember = _session.federated((name, access, settings, uid, joins), make)
    return made


def members_under(
    settings: IdentitySettings, members: Mapping[str, Mapping[str, Any]]
) -> Callable[[str], FederatedMember]:
    """As `federated`, of the records of members by name; raises Unreachable for one that is not among them."""

    def member(name: str) -> FederatedMember:
        if name not in members:
            raise Unreachable(name, "no longer declared")
        raw = members[name]
        uid, joins = raw.get("uid") or "", bool(raw.get("join"))
        return federated(name, access_of(name, raw), settings, uid=uid, joins=joins)

    return member


def acting_for(
    news: Props, members: Mapping[str, Mapping[str, Any]], kin: frozenset[str] = frozenset()
) -> Acting | None:
    """The placement of these inputs at its members, with its `kin` (see `Acting`); None where the declared access does
    everything.
    """
    settings = identity_settings(news)
    if settings is None:
        return None

    role = placement_role(news["uid"], news["placement"])
    member = members_under(settings, members)
    return Acting(news["uid"], role, member, settings.ceiling, settings.seconds, settings.on_denied, kin)


def member_under(settings: IdentitySettings, member: Member) -> FederatedMember:
    """As `federated`, of a member as it is declared."""
    return federated(member.name, member.access, settings, uid=member.uid, joins=member.joins)


def uid_of(props: Mapping[str, Any]) -> str:
    """The uid of a member's namespace kube-system: as declared, else it is asked by the declared access. Raises
    MemberError.
    """
    name = props["member"]
    return str(props.get("uid") or cluster_uid(_session.connection_to(name, access_of(name, props))))


def hub_mistakes(settings: IdentitySettings | None) -> tuple[Mistake, ...]:
    """What is wrong with the hub where the fleet needs one: without its answer there is no identity to look under."""
    try:
        operator_of(settings)
    except MemberError as error:
        said = str(error).removeprefix(f"{HUB}: ")
        return (Mistake("fleet.hub", f"{said} (expected an answer: it gives the fleet its identities)."),)
    return ()


def operator_of(settings: IdentitySettings | None) -> str:
    """Who runs this command, as the hub knows them: a name from the program would prove nothing. Empty without a hub.

    Raises MemberError.
    """
    if settings is None or settings.hub is None:
        return ""
    hub: Connection = _session.connection_to(HUB, settings.hub)

    return str(_session.federated(("operator", settings.hub), lambda: user_of(hub)))


def _known_operator(settings: IdentitySettings) -> str:
    """The same; empty where the hub knows nobody, as when an admin of a member joins that. A fleet's `Schedule` has
    refused such an operator by then.
    """
    try:
        return operator_of(settings)
    except ApiError as error:
        if error.status not in (401, 403):
            raise
        return ""
