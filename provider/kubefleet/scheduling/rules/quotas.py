"""What is left of the quotas of clusters while a plan is made. Follows the admission plugin ResourceQuota."""

from collections.abc import Mapping, Sequence

from kubefleet.model.cluster import Cluster
from kubefleet.model.pod_resources import PodResources
from kubefleet.model.pod_rules import PodRules
from kubefleet.model.standing import Quota, Scope
from kubefleet.scheduling.nodes import UNBOUNDED
from kubefleet.scheduling.rules.admission import Admitted, fills

_SHARED = ("cpu", "memory", "ephemeral-storage")
_BY_POD_ITSELF = frozenset({"cpu", "memory"})
_WRITTEN = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
"""Resources of which a quota makes every container say something."""


class Quotas:
    """By cluster. `room` counts pods that a cluster's quotas still let in; `take` uses some up."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self._left: dict[int, list[tuple[Quota, dict[str, int]]]] = {
            i: [(quota, _left(quota)) for quota in cluster.surroundings.quotas]
            for i, cluster in enumerate(clusters)
            if cluster.surroundings is not None and cluster.surroundings.quotas
        }

    def room(self, i: int, rules: PodRules, admitted: Admitted) -> tuple[int, str]:
        """How many such pods, and the quota that says so."""
        most, by = UNBOUNDED, ""
        for quota, left in self._that_count(i, rules, admitted):
            missing = _missing(quota, admitted.resources)
            room, what = (0, f"{missing} on every container") if missing else _room(left, _usage(admitted.resources))
            if room < most:
                most, by = room, f"quota {quota.name}: {what}"
        return most, by

    def take(self, i: int, rules: PodRules, admitted: Admitted, pods: int) -> None:
        """Count pods in."""
        for _, left in self._that_count(i, rules, admitted):
            for name, amount in _usage(admitted.resources).items():
                if name in left:
                    left[name] -= amount * pods

    def fork(self) -> "Quotas":
        """Of all clusters, to go its own way."""
        other = Quotas(())
        other._left = {i: [(quota, dict(left)) for quota, left in quotas] for i, quotas in self._left.items()}
        return other

    def copy(self, i: int) -> "Quotas":
        """Of one cluster, to try something out."""
        tried = Quotas(())
        tried._left = {i: [(quota, dict(left)) for quota, left in self._left.get(i, ())]}
        return tried

    def _that_count(self, i: int, rules: PodRules, admitted: Admitted) -> list[tuple[Quota, dict[str, int]]]:
        return [
            (quota, left)
            for quota, left in self._left.get(i, ())
            if quota.namespace == rules.namespace
            and all(_in_scope(scope, rules, admitted.resources) for scope in quota.scopes)
        ]


def _left(quota: Quota) -> dict[str, int]:
    return {name: most - quota.used.get(name, 0) for name, most in quota.hard.items()}


def _room(left: Mapping[str, int], usage: Mapping[str, int]) -> tuple[int, str]:
    rooms = [(max(0, left[name]) // amount, name) for name, amount in usage.items() if amount and name in left]
    return min(rooms, default=(UNBOUNDED, ""))


def _usage(resources: PodResources) -> dict[str, int]:
    """What quotas count of one pod, by the names that they have for it."""
    requests, limits = resources.requests(), resources.limits()
    usage = {"pods": 1, "count/pods": 1}
    for name, amount in requests.items():
        usage[f"requests.{name}"] = amount
        if name in _SHARED or name.startswith("hugepages-"):
            usage[name] = amount
    usage |= {f"limits.{name}": limits[name] for name in _SHARED if name in limits}
    return usage


def _missing(quota: Quota, resources: PodResources) -> str:
    """What a quota wants every container to have and one has not; nothing where the pod says it for all of them."""
    own = _BY_POD_ITSELF & (resources.requests_of_pod.keys() | resources.limits_of_pod.keys())
    if own:
        return ""
    for name in sorted(quota.hard.keys() & _WRITTEN.keys()):
        kind, resource = _WRITTEN[name]
        if any(resource not in getattr(container, kind) for container in resources.containers):
            return name
    return ""


def _in_scope(scope: Scope, rules: PodRules, resources: PodResources) -> bool:
    if scope.name == "PriorityClass":
        return _selects(scope, rules.priority_class)
    crosses = any(term.pods.namespaces != {rules.namespace} for term in rules.terms)
    crosses = crosses or any(term.pods.namespace_labels is not None for term in rules.terms)
    answers = {
        "Terminating": rules.ends,
        "NotTerminating": not rules.ends,
        "BestEffort": _best_effort(resources),
        "NotBestEffort": not _best_effort(resources),
        "CrossNamespacePodAffinity": crosses,
    }
    return answers.get(scope.name, False)


def _selects(scope: Scope, value: str) -> bool:
    if scope.operator == "Exists":
        return bool(value)
    if scope.operator == "DoesNotExist":
        return not value
    # As label selectors: NotIn is also about pods without any.
    return (value in scope.values) == (scope.operator == "In")


def _best_effort(resources: PodResources) -> bool:
    parts = [resources.requests_of_pod, resources.limits_of_pod]
    parts += [amounts for container in resources.containers for amounts in (container.requests, container.limits)]
    return not any(map(fills, parts))
