"""The most replicas that a small fleet could run, exactly: a mixed-integer program over single nodes.

It keeps every rule that the scheduler keeps, knows all placements at once, and packs pods as tightly as they go, while
the scheduler decides one placement after the other and lays pods as kube-scheduler would. Shares no code with it.

- What stands stays, gets more only where the placement may be today, and counts: among the clusters of a PickN, below
  a maximum, in the topology domains.
- A whole copy is all of its pods on one cluster, or none.
- A minimum is kept where a cluster is chosen. With PickAll, where a lack of capacity is only a warning, it is a wish;
  so it is beside a hard spread, to which it yields.
- Where a topology domain gets more, it ends no more than `max_skew` above the least of all eligible domains (0 where
  these are fewer than `min_domains`). Domain by domain such an end can be reached: the least may always have one more.
"""

from collections.abc import Mapping, Sequence

import highspy
from crowded_fleets import Crowded

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Previous
from kubefleet.model.policy import DivideBy, PolicyType, TopologySpread
from kubefleet.model.request import PodShape, Request

MOST_BRANCHES = 500
"""For one program. If these are not enough its bound counts: what is compared is never below the optimum."""


def most_placed(fleet: Crowded) -> dict[int, int]:
    """New replicas by priority: as many as can be of the highest, then of the next as that leaves possible, ..."""
    program = _Program(fleet)
    return {
        priority: program.maximize(priority)
        for priority in sorted({request.priority for request in fleet.requests}, reverse=True)
    }


class _Program:
    """Variables: pods of a workload on a node, whether a placement gets anything on a cluster, and in a domain."""

    def __init__(self, fleet: Crowded) -> None:
        self.solver = highspy.Highs()
        self.solver.silent()
        self.solver.setOptionValue("mip_max_nodes", MOST_BRANCHES)
        self.solver.setOptionValue("threads", 1)
        self.pods: dict[int, list[int]] = {}
        """Columns by priority."""
        self.taken: dict[tuple[str, int, str], dict[int, float]] = {}
        for request in fleet.requests:
            self._add(request, fleet.snapshot.clusters, fleet.previous.get(request.name, Previous()))
        for cluster in fleet.snapshot.clusters:
            for number, (_, free) in enumerate(_nodes(cluster)):
                for resource, amount in free.items():
                    self._at_most(self.taken.get((cluster.name, number, resource), {}), amount)

    def maximize(self, priority: int) -> int:
        """The most for one priority; from then on it has to be reached."""
        columns = self.pods.get(priority, [])
        for column in range(self.solver.getNumCol()):
            self.solver.changeColCost(column, 0.0)
        for column in columns:
            self.solver.changeColCost(column, -1.0)
        self.solver.run()
        info = self.solver.getInfo()
        most = int(-info.mip_dual_bound + 1e-6)
        # Where it was not solved, what was found is asked of the next ones, and the bound is what is compared.
        reached = round(-info.objective_function_value)
        self._row(dict.fromkeys(columns, 1.0), reached, highspy.kHighsInf)
        return most

    def _add(self, request: Request, clusters: Sequence[Cluster], before: Previous) -> None:
        stands = {binding.cluster: next(iter(binding.replicas.values())) for binding in before.bindings}
        eligible = [cluster for cluster in clusters if _may_be_on(request, cluster)]
        seats: dict[str, dict[int, float]] = {}
        """By cluster what counts copies or divided replicas that are new."""
        new: list[int] = []
        for cluster in eligible:
            if request.divided is not None:
                seats[cluster.name], on = self._replicas(request, cluster, stands.get(cluster.name, 0))
            elif cluster.name not in stands:
                on = self._copy(request, cluster)
                seats[cluster.name] = {on: 1.0}
            if cluster.name not in stands:
                new.append(on)
        if request.policy.type is PolicyType.PICK_N:
            self._at_most(dict.fromkeys(new, 1.0), request.policy.number - len(stands))
        if request.divided is not None:
            everywhere = {column: 1.0 for columns in seats.values() for column in columns}
            self._at_most(everywhere, request.workloads[0].replicas - sum(stands.values()))
        counts = stands if request.divided is not None else dict.fromkeys(stands, 1)
        for spread in request.policy.topology_spread:
            self._spread(spread, request, clusters, eligible, seats, counts)

    def _replicas(self, request: Request, cluster: Cluster, stands: int) -> tuple[dict[int, float], int]:
        """New replicas of what is divided, and whether there are any."""
        (work,), divided = request.workloads, request.divided
        assert divided is not None
        least = divided.min.get(cluster.name, 0)
        most = min(work.replicas, divided.max.get(cluster.name, work.replicas))
        if divided.by is DivideBy.WEIGHT and divided.weights.get(cluster.name, 1) == 0:
            most = min(most, least)
        pods = dict.fromkeys(self._on_nodes(request.priority, cluster, work.pod, work.replicas), 1.0)
        any_here = self._column(1)
        self._at_most(pods | {any_here: -float(max(0, most - stands))}, 0)
        if request.policy.type is PolicyType.PICK_N and not request.policy.topology_spread:
            self._row(pods | {any_here: -float(max(0, least - stands))}, 0, highspy.kHighsInf)
        return pods, any_here

    def _copy(self, request: Request, cluster: Cluster) -> int:
        """Whether there is a whole copy."""
        here = self._column(1)
        for work in request.workloads:
            pods = self._on_nodes(request.priority, cluster, work.pod, work.replicas)
            self._row(dict.fromkeys(pods, 1.0) | {here: -float(work.replicas)}, 0, 0)
        return here

    def _on_nodes(self, priority: int, cluster: Cluster, pod: PodShape, most: int) -> list[int]:
        needs, columns = {**pod.requests, "pods": 1}, []
        for number, (labels, free) in enumerate(_nodes(cluster)):
            room = min(free.get(resource, 0) // need for resource, need in needs.items())
            if not room or not pod.node_selector.items() <= labels.items():
                continue
            columns.append(self._column(min(room, most)))
            for resource, need in needs.items():
                self.taken.setdefault((cluster.name, number, resource), {})[columns[-1]] = need
        self.pods.setdefault(priority, []).extend(columns)
        return columns

    def _spread(
        self,
        spread: TopologySpread,
        request: Request,
        clusters: Sequence[Cluster],
        eligible: Sequence[Cluster],
        seats: Mapping[str, Mapping[int, float]],
        stands: Mapping[str, int],
    ) -> None:
        domains = sorted({cluster.labels[spread.key] for cluster in eligible})
        enough = len(domains) >= (spread.min_domains or 0)
        most = len(seats) if request.divided is None else request.workloads[0].replicas
        least = self._column(10_000 if enough else 0)
        for domain in domains:
            inside = [cluster.name for cluster in clusters if cluster.labels.get(spread.key) == domain]
            there = sum(stands.get(name, 0) for name in inside)
            more = {column: 1.0 for name in inside for column in seats.get(name, {})}
            if enough:
                self._at_most({least: 1.0} | dict.fromkeys(more, -1.0), there)
            # Whether the domain gets any: if not, it may stand as far above the least as it likes.
            gets_any = self._column(1)
            self._at_most(more | {gets_any: -float(most)}, 0)
            self._at_most(more | {least: -1.0, gets_any: float(most + there)}, spread.max_skew + most)

    def _column(self, most: int) -> int:
        self.solver.addCol(0.0, 0.0, float(most), 0, [], [])
        column = self.solver.getNumCol() - 1
        self.solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        return column

    def _row(self, terms: Mapping[int, float], low: float, high: float) -> None:
        self.solver.addRow(float(low), float(high), len(terms), list(terms), [float(value) for value in terms.values()])

    def _at_most(self, terms: Mapping[int, float], most: int) -> None:
        if terms:
            self._row(terms, -highspy.kHighsInf, most)


def _nodes(cluster: Cluster) -> list[tuple[Mapping[str, str], Mapping[str, int]]]:
    return [(shape.labels, free) for shape in cluster.shapes for free, count in shape.free for _ in range(count)]


def _may_be_on(request: Request, cluster: Cluster) -> bool:
    """Whether nothing but room and the skew could keep a new pod away."""
    policy = request.policy
    wanted = {expr.key: expr.values for term in policy.required for expr in term.labels}
    return (
        (bool(policy.tolerations) or not cluster.taints)
        and all(cluster.labels.get(key) in values for key, values in wanted.items())
        and all(spread.key in cluster.labels for spread in policy.topology_spread)
    )
