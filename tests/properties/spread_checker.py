"""Judges topology spread by Kubernetes' formula, domain by domain."""

from collections import Counter
from collections.abc import Collection, Mapping

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Decision
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot


def counted(request: Request, decision: Decision) -> dict[str, dict[str, int]]:
    """By divided workload (or once, for copies), what a spread counts on each cluster."""
    if not request.divides:
        return {"": {binding.cluster: 1 for binding in decision.bindings}}
    parts = [work.key for work in request.workloads if work.divisible]
    return {key: {binding.cluster: binding.replicas[key] for binding in decision.bindings} for key in parts}


def too_skewed(
    request: Request, counts: Mapping[str, int], eligible: Collection[Cluster], snapshot: Snapshot
) -> list[str]:
    """The `DoNotSchedule` rules that so many on each cluster break."""
    if request.policy.type is PolicyType.PICK_FIXED:
        return []
    found = []
    for spread in (spread for spread in request.policy.topology_spread if spread.hard):
        domains = {cluster.labels[spread.key] for cluster in eligible if spread.key in cluster.labels}
        there: Counter[str] = Counter()
        for cluster in snapshot.clusters:
            there[cluster.labels.get(spread.key, "")] += counts.get(cluster.name, 0)
        least = min((there[domain] for domain in domains), default=0)
        if len(domains) < (spread.min_domains or 0):
            least = 0
        found += [f"{d} has {n}, least {least}" for d, n in there.items() if d and n - least > spread.max_skew]
        found += ["a cluster without domain"] if there[""] else []
    return found


def skews(
    request: Request, decision: Decision, eligible: Collection[Cluster], surely: Collection[Cluster], snapshot: Snapshot
) -> list[str]:
    """What a whole decision breaks. Which clusters others made ineligible before it was decided is not known:
    of all that may be `eligible` those are `surely` that nobody else refuses in the end.
    """
    found = []
    for counts in counted(request, decision).values():
        if too_skewed(request, counts, surely, snapshot):
            found += too_skewed(request, counts, eligible, snapshot)
    return found
