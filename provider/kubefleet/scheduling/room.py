"""The room that a plan has left, for what is divided by other rules than a placement's: jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kubefleet.model.cluster import Cluster
from kubefleet.model.reason import Reason
from kubefleet.model.request import PodShape, Request
from kubefleet.model.selector import Expr
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.capacity import Capacity
from kubefleet.scheduling.funnel import run_filters
from kubefleet.scheduling.network import Nearby, domains_of
from kubefleet.scheduling.trail import Refusals


@dataclass(frozen=True, slots=True)
class Places:
    """`pods` that each cluster that passes all filters could have, those that it has already among them, by name;
    `refused`: why of all others. `clusters` are those that pass.
    """

    pods: Mapping[str, int]
    refused: Mapping[str, tuple[Reason, ...]]
    clusters: Mapping[str, Cluster]


@dataclass(frozen=True, slots=True, order=True)
class Domain:
    """Nodes of a cluster that share a network, those for whose labels `nodes` hold, and how many pods these could have.
    In order: the least room first, then by name.
    """

    pods: int
    cluster: str
    nodes: tuple[Expr, ...]


class Room:
    """What is free once everything that was planned is there, node by node, for requests that were announced to the
    plan: of one workload each, which is divided, or of whole copies. Whoever takes some leaves less to the next.
    """

    def __init__(self, cycle: Cycle, asking: Sequence[Request]) -> None:
        self._cycle = cycle
        self._asking = {request.name: request for request in asking}

    def places(self, name: str) -> Places:
        """Where pods of a request could go: what kube-scheduler would bind there, and what new nodes of pools that grow
        would take. Of a whole copy it is 1 where all of its pods have room together, else 0.
        """
        request, cycle = self._asking[name], self._cycle
        funnel = run_filters(cycle, request)
        passed = funnel.passed.nonzero()[0]
        if request.divides:
            (work,) = request.workloads
            rooms = cycle.room_for(request, work, passed)
        else:
            rooms = Capacity().judge(cycle, request).passed[passed].astype(np.int64)
        pods = dict(zip((cycle.columns.names[i] for i in passed.tolist()), rooms.tolist(), strict=True))
        refused = Refusals(cycle.columns.names, frozenset(passed.tolist()), funnel.reasons)
        return Places(pods, refused, {cycle.columns.names[i]: cycle.columns.clusters[i] for i in passed.tolist()})

    def domains(self, name: str) -> tuple[Domain, ...]:
        """The same per network (`Request.networks`) of every cluster that passes all filters, for a request that has
        nothing yet. New nodes count where no label would have to name their network.
        """
        request, columns = self._asking[name], self._cycle.columns
        (work,) = request.workloads
        terms = request.policy.required
        found: list[tuple[int, Nearby, PodShape]] = []
        for i in run_filters(self._cycle, request).passed.nonzero()[0].tolist():
            hold = [term for term in terms if columns.where_term(term)[i]] or terms
            networks = domains_of(columns.clusters[i], work.pod, hold, request.networks)
            found += [(i, near, within(work.pod, near.nodes)) for near in networks]
        ledger = self._cycle.ledger.fork(dict.fromkeys(pod for _, _, pod in found))
        return tuple(
            sorted(
                Domain(int(ledger.room(pod, np.array([i]), grown=not near.labelled)[0]), columns.names[i], near.nodes)
                for i, near, pod in found
            )
        )

    def take(self, name: str, pods: Mapping[str, int], nodes: tuple[Expr, ...] = ()) -> None:
        """Book so many of its pods in total on each cluster, on nodes for whose labels `nodes` hold."""
        request, cycle = self._asking[name], self._cycle
        if not request.divides:
            chosen = sorted(cycle.columns.index[cluster] for cluster, count in pods.items() if count)
            cycle.book(request, chosen, [(work, [work.replicas] * len(chosen)) for work in request.workloads])
            return
        (work,) = request.workloads
        if nodes:
            work = replace(work, pod=within(work.pod, nodes))
            cycle.ledger = cycle.ledger.fork([*cycle.ledger.pods, work.pod])
        where = sorted(cycle.columns.index[cluster] for cluster, count in pods.items() if count)
        cycle.book(request, where, [(work, [pods[cycle.columns.names[i]] for i in where])])


def within(pod: PodShape, nodes: tuple[Expr, ...]) -> PodShape:
    """The pod, required to be on nodes for whose labels these hold as well."""
    return replace(pod, node_affinity=tuple((*term, *nodes) for term in pod.node_affinity or ((),))) if nodes else pod
