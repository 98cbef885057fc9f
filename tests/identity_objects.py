"""Kinds and objects that tests of rights share."""

from typing import Any

from kubefleet.identity import Action, Rights, rules_allow
from kubefleet.identity.rights import actions_of, rights_for
from kubefleet.identity.served import Kind

UID = "a1" * 8
SERVED = tuple(
    Kind(version, kind, plural, namespaced)
    for version, kind, plural, namespaced in (
        ("v1", "ConfigMap", "configmaps", True),
        ("v1", "Namespace", "namespaces", False),
        ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True),
        ("v1", "Pod", "pods", True),
        ("v1", "Secret", "secrets", True),
        ("v1", "Service", "services", True),
        ("v1", "ServiceAccount", "serviceaccounts", True),
        ("apps/v1", "Deployment", "deployments", True),
        ("apps/v1", "StatefulSet", "statefulsets", True),
        ("batch/v1", "CronJob", "cronjobs", True),
        ("batch/v1", "Job", "jobs", True),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False),
        ("rbac.authorization.k8s.io/v1", "Role", "roles", True),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", True),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", False),
        ("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", False),
    )
)
KIND = {kind.kind: kind for kind in SERVED}


def thing(kind: str, name: str, namespace: str = "shop", **rest: Any) -> dict[str, Any]:
    """A manifest of one of these kinds."""
    metadata = {"name": name} | ({"namespace": namespace} if KIND[kind].namespaced else {})
    return {"apiVersion": KIND[kind].api_version, "kind": kind, "metadata": metadata, **rest}


def rights_allow(rights: Rights, action: Action) -> bool:
    """Whether rights allow it, by the rules of its namespace or those of the cluster."""
    return any(rules_allow(rights.rules.get(scope, ()), action) for scope in {"", action.namespace})


def both(old: Rights, new: Rights) -> Rights:
    """What a change of rights passes through."""
    return rights_for(actions_of(old) | actions_of(new))
