"""Roles and bindings in a joined member, by default such as the fence lets pass."""

from typing import Any

from joined_member import AGENT, RBAC, SHOP, WEB

from kubefleet.identity.roles import RIGHTS, RIGHTS_LABEL

GOOD = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"], "resourceNames": ["web"]}


def role(*rules: dict[str, Any], name: str = WEB, namespace: str = SHOP, **metadata: Any) -> dict[str, Any]:
    kind = {"apiVersion": f"{RBAC}/v1", "kind": "Role"}
    labels = {"labels": {RIGHTS_LABEL: RIGHTS}}
    return {**kind, "metadata": {"name": name, "namespace": namespace, **labels, **metadata}, "rules": list(rules)}


def cluster_role(*rules: dict[str, Any], name: str = WEB, **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, **rest.pop("metadata", {})}
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": list(rules), **rest}


def binding(
    user: str = WEB, *, name: str = WEB, to: str = WEB, kind: str = "Role", namespace: str = SHOP, **subject: Any
) -> dict[str, Any]:
    subjects = [{"apiGroup": RBAC, "kind": "User", "name": user} | subject]
    reference = {"apiGroup": RBAC, "kind": kind, "name": to}
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    whole = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding" if namespace else "ClusterRoleBinding"}
    return {**whole, "metadata": metadata, "roleRef": reference, "subjects": subjects}


def rule(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (GOOD | changes).items() if value is not None}


CORE = {"apiGroups": [""]}
ACTS = {
    "apiGroups": ["authentication.k8s.io"],
    "resources": ["users"],
    "verbs": ["impersonate:user-info"],
    "resourceNames": [WEB],
}
AGENTS = f"fleet:agent:{WEB}"


def acts(*more: dict[str, Any], name: str = AGENTS, **changes: Any) -> dict[str, Any]:
    """A role by which the agent may act as a placement, by default such as the fence lets pass."""
    return cluster_role({key: value for key, value in (ACTS | changes).items() if value is not None}, *more, name=name)


def handed(user: str = AGENT, *, name: str = AGENTS, to: str = AGENTS, **more: Any) -> dict[str, Any]:
    """Its binding to the agent, by default such as the fence lets pass."""
    return binding(user, name=name, to=to, **{"kind": "ClusterRole", "namespace": "", **more})
