"""The most replicas that a small fleet could run, exactly: a mixed-integer program over single nodes.

It knows everything at once and packs pods as tightly as they go, while the scheduler decides one placement after the
other and lays pods as kube-scheduler would. Shares no code with it.
"""

from collections.abc import Mapping, Sequence

import highspy
from crowded_fleets import Crowded

from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request

SECONDS = 5.0
"""For one program. If that is not enough its bound counts: what is compared is never below the optimum."""


def most_placed(fleet: Crowded) -> dict[int, int]:
    """Replicas by priority: as many as can be of the highest, then as many of the next as that leaves possible."""
    program = _Program(fleet)
    most: dict[int, int] = {}
    for priority in sorted({request.priority for request in fleet.requests}, reverse=True):
        most[priority] = program.maximize(priority)
    return most


class _Program:
    """Variables: pods of a placement on a node, and whether it is on a cluster."""

    def __init__(self, fleet: Crowded) -> None:
        self.solver = highspy.Highs()
        self.solver.silent()
        self.solver.setOptionValue("time_limit", SECONDS)
        self.solver.setOptionValue("threads", 1)
        self.pods: dict[int, list[int]] = {}
        """Columns by priority."""
        taken: dict[tuple[str, int, str], dict[int, float]] = {}
        for request in fleet.requests:
            self._add(request, fleet.snapshot.clusters, taken)
        for cluster in fleet.snapshot.clusters:
            for number, free in enumerate(_nodes(cluster)):
                for resource, amount in free.items():
                    self._at_most(taken.get((cluster.name, number, resource), {}), amount)

    def maximize(self, priority: int) -> int:
        """The most for one priority; from then on it has to be reached."""
        columns = self.pods[priority]
        for column in range(self.solver.getNumCol()):
            self.solver.changeColCost(column, -1.0 if column in set(columns) else 0.0)
        self.solver.run()
        info = self.solver.getInfo()
        most = int(-info.mip_dual_bound + 1e-6)
        # Where time ran out the solution found is asked of the next ones, and the bound is what is compared.
        reached = round(-info.objective_function_value)
        self._row(dict.fromkeys(columns, 1.0), reached, highspy.kHighsInf)
        return most

    def _add(self, request: Request, clusters: Sequence[Cluster], taken: dict) -> None:
        (work,), divided = request.workloads, request.divided
        on: list[int] = []
        everywhere: list[int] = []
        for cluster in clusters:
            if not _may_be_on(request, cluster):
                continue
            here = []
            for number, free in enumerate(_nodes(cluster)):
                needs = dict(work.pod.requests) | {"pods": 1}
                room = min(free.get(resource, 0) // need for resource, need in needs.items())
                column = self._column(min(room, work.replicas))
                here.append(column)
                for resource, need in needs.items():
                    taken.setdefault((cluster.name, number, resource), {})[column] = need
            chosen = self._column(1)
            pods = dict.fromkeys(here, 1.0)
            if divided is None:
                self._row(pods | {chosen: -work.replicas}, 0, 0)
            else:
                most = min(work.replicas, divided.max.get(cluster.name, work.replicas))
                self._row(pods | {chosen: -most}, -highspy.kHighsInf, 0)
                self._row(pods | {chosen: -divided.min.get(cluster.name, 0)}, 0, highspy.kHighsInf)
            on.append(chosen)
            everywhere += here
        self.pods.setdefault(request.priority, []).extend(everywhere)
        if request.policy.type is PolicyType.PICK_N:
            self._at_most(dict.fromkeys(on, 1.0), request.policy.number)
        if divided is not None:
            self._at_most(dict.fromkeys(everywhere, 1.0), work.replicas)

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


def _nodes(cluster: Cluster) -> list[Mapping[str, int]]:
    return [free for shape in cluster.shapes for free, count in shape.free for _ in range(count)]


def _may_be_on(request: Request, cluster: Cluster) -> bool:
    tolerated = bool(request.policy.tolerations)
    wanted = {expr.key: expr.values for term in request.policy.required for expr in term.labels}
    return (tolerated or not cluster.taints) and all(cluster.labels[key] in values for key, values in wanted.items())
