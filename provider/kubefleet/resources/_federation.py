"""Under whose identity the resources of a fleet act at its members."""

from collections.abc import Mapping
from typing import Any

from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground, make_mode
from kubefleet.federation.role import placement_role
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import Connection, NoAccess, Unreachable
from kubefleet.model.access import Access
from kubefleet.model.member import Member
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.rollout.acting import Acting
from kubefleet.spec.identity import parse_identity


def identity_settings(props: Mapping[str, Any]) -> IdentitySettings | None:
    """None where the declared access does everything. `Schedule.check` has found them fine."""
    return parse_identity(props.get("identity"), [])


def federated(name: str, access: Access | None, settings: IdentitySettings) -> FederatedMember:
    """A member whose identities are made once in this process. Raises Unreachable."""
    declared: Connection = _session.connection_to(name, access)

    def make() -> FederatedMember:
        ground = Ground(lambda _: declared, _no_uid, seconds=settings.seconds)
        return FederatedMember(name, declared, make_mode(settings.mode, ground))

    made: FederatedMember = _session.federated((name, access, settings), make)
    return made


def acting_for(news: Props, accesses: Mapping[str, Access | None]) -> Acting | None:
    """The placement of these inputs at its members; None where the declared access does everything."""
    settings = identity_settings(news)
    if settings is None:
        return None

    def member(name: str) -> FederatedMember:
        if name not in accesses:
            raise Unreachable(name, "no longer declared")
        return federated(name, accesses[name], settings)

    role = placement_role(news["uid"], news["placement"])
    return Acting(news["uid"], role, member, settings.ceiling)


def look_at(member: Member, settings: IdentitySettings, *, joins: bool) -> Connection:
    """Under whose identity a snapshot is taken: the reader's. Before a member that `joins` in this program has done so
    there is none: then, and only then, by the declared access.

    Raises Unreachable.
    """
    known = federated(member.name, member.access, settings)
    if not joins:
        return known.reader()
    try:
        known.reader().get_text("/version")
    except NoAccess:
        return known.declared
    return known.reader()


def _no_uid(name: str) -> str:
    raise ValueError(f"the uid of `{name}` is not known")
