"""Handing over: T1 lets the agent of a member act as one placement, and no more when that has nothing to do there."""

from dataclasses import replace
from typing import Final

from kubefleet.federation.grants import NotGranted, remove_role, write_role
from kubefleet.identity.agent import AGENT_ROLE, agent_roles, is_legacy
from kubefleet.identity.federation import Federation
from kubefleet.identity.rights import rule_of
from kubefleet.identity.roles import VERSION
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef

_OF_THE_JOIN: Final = ObjectRef(VERSION, "ClusterRole", "", AGENT_ROLE)


def with_agent(rights: Connection, agent: str, federation: Federation) -> Federation:
    """The same with `agent` acting as its users, in the way that the member's join has chosen. `rights` acts as T1.

    Raises NotGranted where the join knows no agent, and as `Connection` does.
    """
    joined = find(rights, _OF_THE_JOIN)
    if joined is None:
        raise NotGranted("it was joined without an agent. Join it again: `--mode impersonation --agent USER`")
    return replace(federation, agent=agent, legacy=is_legacy(map(rule_of, joined.get("rules") or ())))


def hand_over(rights: Connection, user: str, federation: Federation) -> None:
    """Let the agent act as the placement that the member knows as `user`. T1 writes nothing where that is so already.

    Raises NotGranted where the member was joined with another agent, and as `Connection` does.
    """
    for manifest in agent_roles(user, federation):
        write_role(rights, manifest, user)


def take_back(rights: Connection, user: str, federation: Federation) -> None:
    """Let nobody act as that placement. Raises as `hand_over`."""
    name = federation.agent_role_of(user)
    for kind in ("ClusterRoleBinding", "ClusterRole"):
        remove_role(rights, ObjectRef(VERSION, kind, "", name), user)
