"""Judges groups and affinities from the rules alone, domain by domain; the rest is in `independent_checker`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from kubefleet.model.affinity import Affinity
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Decision, Plan
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot


def domain(cluster: Cluster, key: str) -> str | None:
    return cluster.name if key == "cluster" else cluster.labels.get(key)


def group_rules(request: Request) -> list[tuple[str, int, int]]:
    """Key, at least, at most."""
    if request.policy.type is PolicyType.PICK_FIXED:
        return [("cluster", request.policy.min_clusters, 1000)]
    rules = [(rule.key, rule.min_groups, rule.max_groups or 1000) for rule in request.policy.spread_groups]
    return [*rules, ("cluster", request.policy.min_clusters, 1000)]


def groups_hold(request: Request, clusters: Sequence[Cluster]) -> bool:
    """Whether clusters stand in as many groups as the policy says, each of them in one."""
    for key, least, most in group_rules(request):
        found = {domain(cluster, key) for cluster in clusters}
        if None in found or not least <= len(found) <= most:
            return False
    return True


def most_that_hold(request: Request, able: Sequence[Cluster], number: int) -> int:
    """The largest number of clusters that keeps all rules, by trying every choice."""
    for size in range(min(number, len(able)), 0, -1):
        if any(groups_hold(request, choice) for choice in combinations(able, size)):
            return size
    return 0


def broken_groups(request: Request, decision: Decision, snapshot: Snapshot) -> list[str]:
    clusters = [cluster for binding in decision.bindings if (cluster := snapshot.cluster(binding.cluster)) is not None]
    return ["its groups are not as asked"] if clusters and not groups_hold(request, clusters) else []


def meant(rule: Affinity, request: Request, others: Iterable[Request]) -> list[str]:
    return [
        other.name
        for other in others
        if other.name != request.name
        and (not rule.placements.names or other.name in rule.placements.names)
        and all(other.labels.get(key) == value for key, value in rule.placements.labels)
    ]


def broken_affinities(snapshot: Snapshot, requests: Sequence[Request], plan: Plan) -> list[str]:
    """Pairs that a required rule parts or keeps apart. Named clusters are only warned of."""
    on = {decision.placement: [binding.cluster for binding in decision.bindings] for decision in plan.decisions}
    by_name = {request.name: request for request in requests}

    def beside(rule: Affinity, request: Request, cluster: Cluster) -> Iterator[str]:
        here = domain(cluster, rule.key)
        for name in meant(rule, request, requests):
            for other in on[name]:
                there = snapshot.cluster(other)
                if here is not None and there is not None and domain(there, rule.key) == here:
                    yield name

    found: list[str] = []
    for request in requests:
        if request.policy.type is PolicyType.PICK_FIXED:
            continue
        required = [rule for rule in request.policy.affinity if rule.required]
        apart = [rule for rule in request.policy.anti_affinity if rule.required]
        for cluster in filter(None, map(snapshot.cluster, on[request.name])):
            where = f"{request.name} on {cluster.name}"
            found += [
                f"{where} is not beside {rule.placements}"
                for rule in required
                if not list(beside(rule, request, cluster))
            ]
            found += [
                f"{where} is not apart from {name}"
                for rule in apart
                for name in beside(rule, request, cluster)
                if by_name[name].policy.type is not PolicyType.PICK_FIXED
            ]
    return found
