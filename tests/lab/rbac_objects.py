"""Roles and bindings in a joined member, by default such as the fence lets pass."""

from typing import Any

from joined_member import RBAC, SHOP, WEB

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
