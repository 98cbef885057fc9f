"""The order in which objects are applied, and, backwards, removed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.spec.order_annotation import wave_of

# Tier by tier, what later ones need comes first. A kind of the same name in a foreign group is among "the rest".
_TIERS: Final[Sequence[tuple[tuple[str, str], ...]]] = (
    (("", "Namespace"), ("scheduling.k8s.io", "PriorityClass")),
    (("apiextensions.k8s.io", "CustomResourceDefinition"),),
    (
        ("networking.k8s.io", "NetworkPolicy"),
        ("policy", "PodDisruptionBudget"),
        ("", "LimitRange"),
        ("", "ResourceQuota"),
        ("", "ConfigMap"),
        ("", "Secret"),
        ("node.k8s.io", "RuntimeClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "StorageClass"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("", "ServiceAccount"),
    ),
    (("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "Role")),
    (("rbac.authorization.k8s.io", "ClusterRoleBinding"), ("rbac.authorization.k8s.io", "RoleBinding")),
    (
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("batch", "CronJob"),
        ("batch", "Job"),
        ("", "Pod"),
        ("", "ReplicationController"),
        ("", "Service"),
        ("networking.k8s.io", "Ingress"),
        ("autoscaling", "HorizontalPodAutoscaler"),
    ),
    (
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiregistration.k8s.io", "APIService"),
    ),
)
_TIER_OF: Final = {kind: tier for tier, kinds in enumerate(_TIERS) for kind in kinds}
_CRD_TIER: Final = 1
_REST: Final = len(_TIERS)


@dataclass(frozen=True, slots=True)
class Wave:
    """Objects that may be applied one right after another. `wait`: all must be healthy before the next wave."""

    objects: tuple[Mapping[str, Any], ...]
    wait: bool


def tier(ref: ObjectRef) -> int:
    """0 for what comes first; custom resources and unknown kinds come last."""
    return _TIER_OF.get((ref.group, ref.kind), _REST)


def wave_number(manifest: Mapping[str, Any]) -> int:
    """The user's wave inside the tier, 0 by default. Raises ValueError when the annotation is not an integer."""
    return wave_of((manifest.get("metadata") or {}).get("annotations") or {})


def apply_waves(manifests: Iterable[Mapping[str, Any]]) -> tuple[Wave, ...]:
    """Tier by tier and, inside a tier, wave by wave; in a wave sorted by address.

    CRDs are waited for (their resources cannot be applied before they are established), and a wave that another one of
    its tier follows.
    """
    groups: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for manifest in manifests:
        groups.setdefault((tier(ref_of(manifest)), wave_number(manifest)), []).append(manifest)
    keys = sorted(groups)
    return tuple(
        Wave(
            tuple(sorted(groups[key], key=ref_of)),
            wait=key[0] == _CRD_TIER or (place + 1 < len(keys) and keys[place + 1][0] == key[0]),
        )
        for place, key in enumerate(keys)
    )


def removal_waves(objects: Iterable[tuple[ObjectRef, int]]) -> tuple[tuple[ObjectRef, ...], ...]:
    """The reverse for `(object, its wave number)`: each group must be gone before the next is deleted."""
    groups: dict[tuple[int, int], list[ObjectRef]] = {}
    for ref, number in objects:
        groups.setdefault((tier(ref), number), []).append(ref)
    return tuple(tuple(sorted(groups[key], reverse=True)) for key in sorted(groups, reverse=True))
