"""Which pods of a plan have rules that decide anything: only to these they are attached."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kubefleet.model.cluster import Cluster
from kubefleet.model.pod_rules import PodRules, Pods
from kubefleet.model.request import Request, Workload


def with_rules(clusters: Sequence[Cluster], requests: Sequence[Request]) -> list[Request]:
    """The requests, with the rules of a workload on its pod where some rule of its own, of another workload, of a
    standing pod or of a namespace may decide about it. Without any rule anywhere the requests are the same objects.
    """
    pods = dict.fromkeys(work.rules for request in requests for work in request.workloads if work.rules is not None)
    if not pods:
        return list(requests)
    decides = _decider(clusters, list(pods))
    if decides is None:
        return list(requests)
    return [_attached(request, decides) for request in requests]


def _decider(clusters: Sequence[Cluster], pods: Sequence[PodRules]) -> Callable[[PodRules], bool] | None:
    """Whether rules matter to a pod, remembered by pod; None where they matter to none."""
    refusing = _standing_terms(clusters)
    looked_for = dict.fromkeys(wanted for rules in pods for wanted in rules.looked_at)
    ruled = _ruled_namespaces(clusters)
    known: dict[PodRules, bool] = {}

    def decides(rules: PodRules) -> bool:
        found = known.get(rules)
        if found is None:
            found = known[rules] = (
                rules.bind
                or bool(rules.runtime_class)
                or bool(rules.on)
                or rules.namespace in ruled
                or any(_about(wanted, rules) for wanted in (*looked_for, *refusing))
            )
        return found

    if refusing or looked_for or ruled or any(rules.bind or rules.runtime_class or rules.on for rules in pods):
        return decides
    return None


def _standing_terms(clusters: Sequence[Cluster]) -> dict[Pods, None]:
    """Pods that a pod which stands somewhere refuses."""
    standing = {found for cluster in clusters for shape in cluster.shapes for found in shape.standing}
    return dict.fromkeys(
        term.pods for found in standing for standing_pods in found.pods for term in standing_pods.anti_affinity
    )


def _ruled_namespaces(clusters: Sequence[Cluster]) -> frozenset[str]:
    """Namespaces of which some cluster limits pods."""
    found = [cluster.surroundings for cluster in clusters if cluster.surroundings is not None]
    quotas = {quota.namespace for surroundings in found for quota in surroundings.quotas}
    return frozenset(quotas | {limits.namespace for surroundings in found for limits in surroundings.limit_ranges})


def _about(pods: Pods, rules: PodRules) -> bool:
    """Whether pods may be among those that a rule is about, whatever labels their namespace has on a cluster."""
    there = pods.namespace_labels is not None or rules.namespace in pods.namespaces
    return there and pods.have_labels(rules.labels)


def _attached(request: Request, decides: Callable[[PodRules], bool]) -> Request:
    workloads = tuple([_with(work, decides) for work in request.workloads])
    return request if workloads == request.workloads else replace(request, workloads=workloads)


def _with(work: Workload, decides: Callable[[PodRules], bool]) -> Workload:
    if work.rules is None or not decides(work.rules):
        return work
    return replace(work, pod=replace(work.pod, rules=work.rules))
