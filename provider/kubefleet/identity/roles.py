"""Rights as objects: what T1 applies in a member for one placement."""

from typing import Any, Final

from kubefleet.identity.escalation import RBAC
from kubefleet.identity.federation import Federation
from kubefleet.identity.rights import CLUSTER, Rights

VERSION: Final = f"{RBAC}/v1"
RIGHTS_LABEL: Final = "pulumi-kubefleet/kind"
RIGHTS: Final = "rights"
"""By this label `fleet-guard` finds the Roles that say what is a placement's own."""
DIGEST_ANNOTATION: Final = "pulumi-kubefleet/rights"


def role_manifests(rights: Rights, user: str, federation: Federation) -> tuple[dict[str, Any], ...]:
    """For each scope a role and its binding to exactly this user: Role and RoleBinding, or those of the cluster.

    All have the one name that `Federation.role_of` gives, and the digest of all rights as an annotation: where that
    is what it should be, nothing needs to be written. Roles come before bindings.
    """
    name = federation.role_of(user)
    roles, bindings = [], []
    for scope, rules in rights.rules.items():
        prefix = "Cluster" if scope == CLUSTER else ""
        metadata: dict[str, Any] = {
            "name": name,
            **({} if scope == CLUSTER else {"namespace": scope}),
            "labels": {RIGHTS_LABEL: RIGHTS},
            "annotations": {DIGEST_ANNOTATION: rights.digest},
        }
        role = {"apiVersion": VERSION, "kind": f"{prefix}Role", "metadata": metadata}
        roles.append({**role, "rules": [rule.as_manifest() for rule in rules]})
        bindings.append(binding_to(user, f"{prefix}Role", metadata))
    return (*roles, *bindings)


def binding_to(user: str, kind: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """The binding of a Role or ClusterRole to one user; both have the name that is in `metadata`."""
    return {
        "apiVersion": VERSION,
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": metadata["name"]},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }
