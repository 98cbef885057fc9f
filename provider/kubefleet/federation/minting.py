"""The minting credential: users who may act as the fleet's accounts in a cluster, and may do nothing else there."""

from collections.abc import Sequence
from typing import Any, Final

from kubefleet.identity.needs import HOME

ROLE: Final = "fleet-minting"
_RBAC: Final = "rbac.authorization.k8s.io"
RULES: Final = (
    # A placement's account is made when it comes to the member, and removed when it is gone: no names are known before.
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
)


def minting_manifests(users: Sequence[str], namespace: str = HOME) -> tuple[dict[str, Any], ...]:
    """A Role in the namespace of the fleet's accounts and its binding to these users, sorted."""
    metadata = {"name": ROLE, "namespace": namespace}
    subjects = [{"apiGroup": _RBAC, "kind": "User", "name": user} for user in sorted(set(users))]
    reference = {"apiGroup": _RBAC, "kind": "Role", "name": ROLE}
    return (
        {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": [dict(rule) for rule in RULES]},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": reference,
            "subjects": subjects,
        },
    )
