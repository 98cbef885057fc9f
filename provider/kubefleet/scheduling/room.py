"""The room that a plan has left, for what is divided by other rules than a placement's: jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubefleet.model.reason import Reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.funnel import run_filters
from kubefleet.scheduling.trail import Refusals


@dataclass(frozen=True, slots=True)
class Places:
    """`pods` that each cluster that passes all filters could have, those that it has already among them, by name;
    `refused`: why of all others.
    """

    pods: Mapping[str, int]
    refused: Mapping[str, tuple[Reason, ...]]


class Room:
    """What is free once everything that was planned is there, node by node, for requests that were announced to the
    plan: of one workload each, which is divided. Whoever takes some leaves less to the next.
    """

    def __init__(self, cycle: Cycle, asking: Sequence[Request]) -> None:
        self._cycle = cycle
        self._asking = {request.name: request for request in asking}

    def places(self, name: str) -> Places:
        """Where pods of a request could go: what kube-scheduler would bind there, and what new nodes of pools that grow
        would take.
        """
        request, cycle = self._asking[name], self._cycle
        funnel = run_filters(cycle, request)
        (work,) = request.workloads
        passed = funnel.passed.nonzero()[0]
        rooms = cycle.room_for(request, work, passed)
        pods = dict(zip((cycle.columns.names[i] for i in passed.tolist()), rooms.tolist(), strict=True))
        return Places(pods, Refusals(cycle.columns.names, frozenset(passed.tolist()), funnel.reasons))

    def take(self, name: str, pods: Mapping[str, int]) -> None:
        """Book so many of its pods in total on each cluster."""
        request, columns = self._asking[name], self._cycle.columns
        (work,) = request.workloads
        where = sorted(columns.index[cluster] for cluster, count in pods.items() if count)
        self._cycle.book(request, where, [(work, [pods[columns.names[i]] for i in where])])
