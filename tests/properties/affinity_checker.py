"""Judges groups and affinities from the rules alone, domain by domain; the rest is in `independent_checker`."""

from collections.abc import Iterable, Sequence
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


class Neighbourhood:
    """Where a plan puts placements, and who is beside whom."""

    def __init__(self, snapshot: Snapshot, requests: Sequence[Request], plan: Plan) -> None:
        self.requests = requests
        self.on = {
            decision.placement: [c for b in decision.bindings if (c := snapshot.cluster(b.cluster)) is not None]
            for decision in plan.decisions
        }

    def beside(self, rule: Affinity, request: Request, cluster: Cluster) -> list[str]:
        """The others that a rule speaks of and that stand in a cluster's domain."""
        here = domain(cluster, rule.key)
        return [
            name
            for name in meant(rule, request, self.requests)
            for other in self.on[name]
            if here is not None and domain(other, rule.key) == here
        ]


def broken_affinities(snapshot: Snapshot, requests: Sequence[Request], plan: Plan) -> list[str]:
    """Pairs that a required rule parts or keeps apart. Named clusters are only warned of."""
    there = Neighbourhood(snapshot, requests, plan)
    fixed = {request.name for request in requests if request.policy.type is PolicyType.PICK_FIXED}
    found: list[str] = []
    for request in (request for request in requests if request.name not in fixed):
        for cluster in there.on[request.name]:
            where = f"{request.name} on {cluster.name}"
            needs = [rule for rule in request.policy.affinity if rule.required]
            lonely = [rule for rule in needs if not there.beside(rule, request, cluster)]
            found += [f"{where} is not beside {rule.placements}" for rule in lonely]
            shuns = [rule for rule in request.policy.anti_affinity if rule.required]
            near = [name for rule in shuns for name in there.beside(rule, request, cluster)]
            found += [f"{where} is not apart from {name}" for name in near if name not in fixed]
    return found


def too_near(snapshot: Snapshot, requests: Sequence[Request], first: Plan, second: Plan) -> list[str]:
    """What a second plan brings to where somebody stands, or stood in the first, who must be apart."""
    before, after = (Neighbourhood(snapshot, requests, plan) for plan in (first, second))
    both = Neighbourhood(snapshot, requests, second)
    both.on = {name: [*before.on[name], *(c for c in on if c not in before.on[name])] for name, on in after.on.items()}
    by_name = {request.name: request for request in requests if request.policy.type is not PolicyType.PICK_FIXED}
    found = []
    for name, request in by_name.items():
        for cluster in (cluster for cluster in after.on[name] if cluster not in before.on[name]):
            mine = [rule for rule in request.policy.anti_affinity if rule.required]
            near = {other for rule in mine for other in both.beside(rule, request, cluster)}
            near |= {
                other.name
                for other in by_name.values()
                for rule in other.policy.anti_affinity
                if rule.required and name in meant(rule, other, requests)
                if any(
                    domain(there, rule.key) == domain(cluster, rule.key) is not None for there in both.on[other.name]
                )
            }
            found += [f"{name} comes to {cluster.name}, near {other}" for other in sorted(near & set(by_name))]
    return found


def kept_off(request: Request, cluster: Cluster, snapshot: Snapshot, requests: Sequence[Request], plan: Plan) -> bool:
    """Whether others, as a plan puts them, keep a placement off a cluster: by its rules or by theirs."""
    there = Neighbourhood(snapshot, requests, plan)
    needs = [rule for rule in request.policy.affinity if rule.required]
    shuns = [rule for rule in request.policy.anti_affinity if rule.required]
    if not all(there.beside(rule, request, cluster) for rule in needs):
        return True
    if any(there.beside(rule, request, cluster) for rule in shuns):
        return True
    for other in requests:
        for rule in other.policy.anti_affinity:
            if rule.required and request.name in meant(rule, other, requests):
                here = domain(cluster, rule.key)
                if here is not None and any(domain(c, rule.key) == here for c in there.on[other.name]):
                    return True
    return False
