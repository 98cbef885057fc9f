"""Kinds that several placements may own together on one cluster: what workloads share, and nothing that runs."""

from collections.abc import Mapping
from typing import Any, Final

FOLLOWER_KINDS: Final = frozenset(
    {
        ("", "ConfigMap"),
        ("", "LimitRange"),
        ("", "Namespace"),
        ("", "ResourceQuota"),
        ("", "Secret"),
        ("", "ServiceAccount"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
    }
)
"""API group and kind. They carry no revision: each of the sharers would write another one."""
IF_MISSING_ANNOTATION: Final = "pulumi-kubefleet/if-missing"
"""On a Namespace that is made where there is none, and used as it is where there is one."""


def group_of(manifest: Mapping[str, Any]) -> str:
    """The API group of an object, empty for Kubernetes' core."""
    group, slash, _ = str(manifest.get("apiVersion") or "").partition("/")
    return group if slash else ""


def is_follower(manifest: Mapping[str, Any]) -> bool:
    """Whether several placements may own such an object together."""
    return (group_of(manifest), manifest.get("kind")) in FOLLOWER_KINDS


def is_only_if_missing(manifest: Mapping[str, Any]) -> bool:
    """Whether the object is one to make where it is missing, with no say in what it looks like where it is not."""
    annotations = (manifest.get("metadata") or {}).get("annotations")
    return isinstance(annotations, Mapping) and IF_MISSING_ANNOTATION in annotations
