"""The two identities of a fleet that a join gives fixed rights: T1, which writes placements' rights, and the reader."""

from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.identity.escalation import RBAC
from kubefleet.identity.federation import Federation
from kubefleet.identity.needs import HOME
from kubefleet.identity.rights import CLUSTER, Rights, Rule
from kubefleet.identity.roles import VERSION, binding_to

INDEX_POLICY: Final = "fleet-job-index"
"""The policy that tells the pods of a job their index."""
RBAC_ROLE: Final = "fleet-rbac"
READER_ROLE: Final = "fleet-reader"
_READ: Final = ("get", "list", "watch")
RBAC_RULES: Final = (
    # RBAC cannot say "roles named fleet:*": without the fence T1 is the cluster's admin.
    Rule(
        (RBAC,),
        ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
        ("create", "delete", "get", "patch"),
    ),
    Rule((RBAC,), ("clusterroles", "roles"), ("bind", "escalate")),
)
_READER_RULES: Final = (
    Rule(("",), ("limitranges", "namespaces", "nodes", "pods", "resourcequotas"), _READ),
    Rule(("autoscaling",), ("horizontalpodautoscalers",), _READ),
    # What came of the parts of a job, and what waits for Kueue's leave.
    Rule(("batch", "batch.volcano.sh"), ("jobs",), _READ),
    Rule(("jobset.x-k8s.io",), ("jobsets",), _READ),
    Rule(("ray.io",), ("rayjobs",), _READ),
    Rule(("trainer.kubeflow.org",), ("trainjobs",), _READ),
    Rule(("kueue.x-k8s.io",), ("localqueues", "workloads"), _READ),
    Rule(("admissionregistration.k8s.io",), ("mutatingadmissionpolicybindings",), ("get",), (INDEX_POLICY,)),
    Rule(("node.k8s.io",), ("runtimeclasses",), _READ),
    Rule(("storage.k8s.io",), ("storageclasses",), _READ),
    Rule(("karpenter.sh",), ("nodepools",), _READ),
    Rule(("about.k8s.io",), ("clusterproperties",), _READ),
)
_READER_RULES_IN: Final = (
    (HOME, Rule(("",), ("configmaps",), _READ)),
    # Where the cluster autoscaler tells of its node groups.
    ("kube-system", Rule(("",), ("configmaps",), ("get",), ("cluster-autoscaler-status",))),
)
READER_RIGHTS: Final = Rights(
    immutabledict({CLUSTER: _READER_RULES, **{namespace: (rule,) for namespace, rule in _READER_RULES_IN}})
)


def tier_manifests(federation: Federation) -> tuple[dict[str, Any], ...]:
    """Roles of T1 and of the reader with their bindings."""
    t1 = bound_role("ClusterRole", {"name": RBAC_ROLE}, federation.rbac_user, RBAC_RULES)
    return (*t1, *reader_manifests(federation.reader_user))


def reader_manifests(user: str) -> tuple[dict[str, Any], ...]:
    """Roles of the reader with their bindings to `user`, who sees no Secrets, but literal values in pods."""
    found = bound_role("ClusterRole", {"name": READER_ROLE}, user, _READER_RULES)
    for namespace, rule in _READER_RULES_IN:
        found += bound_role("Role", {"name": READER_ROLE, "namespace": namespace}, user, (rule,))
    return tuple(found)


def bound_role(kind: str, metadata: dict[str, Any], user: str, rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    """A role with these rules, and its binding to `user`."""
    role = {"apiVersion": VERSION, "kind": kind, "metadata": metadata}
    return [{**role, "rules": [rule.as_manifest() for rule in rules]}, binding_to(user, kind, metadata)]
