"""RBAC objects inside a placement: whoever may write them could give anything away, so each is let in by name.

An API server lets a Role be written by whoever has its rights already or may `escalate` it, and bound by whoever may
`bind` it (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from kubefleet.identity.action import Action
from kubefleet.identity.served import Addressed, group_of

RBAC: Final = "rbac.authorization.k8s.io"
_ROLES: Final = {"Role": "roles", "ClusterRole": "clusterroles"}
_BINDINGS: Final = frozenset({"RoleBinding", "ClusterRoleBinding"})


def escalating_action(manifest: Mapping[str, Any], item: Addressed) -> Action | None:
    """The `escalate` or `bind` without which an RBAC object may not be written; None for any other object."""
    if group_of(item) != RBAC:
        return None
    if item.kind in _ROLES:
        namespace = item.namespace if item.kind == "Role" else ""
        return Action("escalate", RBAC, _ROLES[item.kind], namespace, item.name)
    if item.kind in _BINDINGS:
        reference = manifest.get("roleRef") or {}
        plural = _ROLES.get(str(reference.get("kind")), "roles")
        namespace = item.namespace if item.kind == "RoleBinding" else ""
        return Action("bind", RBAC, plural, namespace, str(reference.get("name") or ""))
    return None


def escalations(
    items: Collection[tuple[Mapping[str, Any], Addressed]], allowed: Collection[str]
) -> Iterator[tuple[Addressed, Action, bool]]:
    """Each RBAC object with the action it takes, and whether the role's name is among the allowed ones."""
    for manifest, item in items:
        action = escalating_action(manifest, item)
        if action is not None:
            yield item, action, action.name in allowed
