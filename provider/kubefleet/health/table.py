"""Which rule judges which kind. Kinds are told apart by group: a custom `Service` is no Service."""

from collections.abc import Callable, Mapping
from typing import Final

from kubefleet.health import network, platform, pods
from kubefleet.health.custom_resource import custom_resource
from kubefleet.health.deployment import deployment, replica_set
from kubefleet.health.reading import Live
from kubefleet.health.stateful_set import daemon_set, stateful_set
from kubefleet.health.status import Health, available
from kubefleet.health.storage import volume_claim

_RULES: Final[Mapping[tuple[str, str], Callable[[Live], Health]]] = {
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): platform.custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): platform.api_service,
    ("autoscaling", "HorizontalPodAutoscaler"): platform.autoscaler,
    ("batch", "Job"): pods.job,
    ("", "Namespace"): platform.namespace,
    ("", "Pod"): pods.pod,
    ("", "ReplicationController"): replica_set,
    ("", "Service"): network.service,
    ("policy", "PodDisruptionBudget"): platform.disruption_budget,
}

# Available when applied: data, rules, and what others act on.
_DATA: Final = frozenset(
    {
        ("", "ConfigMap"),
        ("", "Endpoints"),
        ("", "LimitRange"),
        ("", "PersistentVolume"),
        ("", "ResourceQuota"),
        ("", "Secret"),
        ("", "ServiceAccount"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apps", "ControllerRevision"),
        ("batch", "CronJob"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("networking.k8s.io", "Ingress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "CSIStorageCapacity"),
        ("storage.k8s.io", "StorageClass"),
    }
)


def built_in(live: Live, binding_modes: Mapping[str, str]) -> Health:
    """What the rule of its kind says of a live object that is not being deleted; `binding_modes` as `health` has it."""
    group, slash, _ = str(live.get("apiVersion") or "").partition("/")
    kind = (group if slash else "", str(live.get("kind") or ""))
    if kind in _DATA:
        return available()
    if kind == ("", "PersistentVolumeClaim"):
        return volume_claim(live, binding_modes)
    return _RULES.get(kind, custom_resource)(live)


def is_told(group: str | None, kind: str) -> bool:
    """Whether the health of a kind (of whatever group, if that is None) can always be told."""
    known = {*_RULES, *_DATA, ("", "PersistentVolumeClaim")}
    return any(kind == other and group in (None, its) for its, other in known)
