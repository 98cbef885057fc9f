"""Changes that make room: more nodes of a shape that a cluster has already, or pods that ask for less."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from immutabledict import immutabledict

from kubefleet.model.relaxation import Constraint, make_change
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.relax.step import Family, MoreNodes, Step
from kubefleet.scheduling.relax.what_if import WhatIf

_NEAREST = 40
"""Clusters that are looked at: those that lack room for the fewest pods."""
_MOST_MORE = 100
_PARTS = 64
"""Amounts are lowered by parts of so many."""
_TIDY = {"cpu": 10, "memory": 2**20, "ephemeral-storage": 2**20}
"""Units to which a lowered amount is rounded down: 10m, 1Mi."""


def node_families(what_if: WhatIf) -> Iterator[Family]:
    """More nodes on the clusters that need the fewest: of divided replicas all on one, of copies on one for each."""
    plans = sorted(
        (nodes.count, what_if.columns.names[nodes.cluster], nodes)
        for nodes in (fewest_nodes(what_if, i) for i in _short_ones(what_if))
        if nodes is not None
    )
    for _, _, nodes in plans[:2]:
        yield [node_step(what_if, replace(nodes, count=count)) for count in _counts(what_if, nodes)]


def _counts(what_if: WhatIf, nodes: MoreNodes) -> Sequence[int]:
    """What was counted for each workload by itself may not suffice for all together, or where pods keep apart."""
    lacking = sum(_lacking(what_if, [nodes.cluster])[nodes.cluster].values())
    most = max(2 * nodes.count, lacking) + 1
    return range(nodes.count, min(most, nodes.count + _MOST_MORE) + 1)


def _short_ones(what_if: WhatIf) -> list[int]:
    """Clusters that only lack room: nothing else speaks against them."""
    if what_if.request.divides:
        able = np.flatnonzero(what_if.now.grows).tolist()
    else:
        able = [i for i in sorted(what_if.short) if not what_if.refusing.get(i, {0: ()})]
    lacking = _lacking(what_if, able)
    return sorted(able, key=lambda i: (sum(lacking[i].values()), i))[:_NEAREST]


def _lacking(what_if: WhatIf, clusters: Sequence[int]) -> dict[int, dict[Workload, int]]:
    """By cluster and workload, the pods for which there is no room: of divided replicas of all those that are missing,
    else of a copy.
    """
    request, found = what_if.request, {i: dict[Workload, int]() for i in clusters}
    for work in request.workloads:
        room = what_if.room(work, clusters)
        for i, there in zip(clusters, room, strict=True):
            wanted = work.replicas
            if request.divides and work.divisible:
                binding = what_if.on.get(i)
                wanted = what_if.missing + (binding.replicas.get(work.key, 0) if binding else 0)
            if wanted > there:
                found[i][work] = wanted - there
    return found


def fewest_nodes(what_if: WhatIf, i: int) -> MoreNodes | None:
    """Of the shapes of a cluster the one of which the fewest nodes would do; of equals the smallest, by its amounts."""
    lacking = _lacking(what_if, [i])[i]
    found = []
    for shape in what_if.columns.clusters[i].shapes:
        rooms = [what_if.ledger.room_on_empty(work.pod, shape) for work in lacking]
        if rooms and all(rooms):
            count = sum(-(-short // room) for short, room in zip(lacking.values(), rooms, strict=True))
            found.append((count, sorted(shape.allocatable.items()), sorted(shape.labels.items()), shape))
    if not found:
        return None
    count, _, _, shape = min(found, key=lambda item: item[:3])
    return MoreNodes(i, shape, count)


def node_step(what_if: WhatIf, nodes: MoreNodes) -> Step:
    """The change that adds some nodes to a cluster."""
    shape = nodes.shape
    figures: dict[str, int | str] = {name: shape.allocatable.get(name, 0) for name in ("cpu", "memory")}
    if shape.instance_type:
        figures["instance_type"] = shape.instance_type
    change = make_change(Constraint.NODES, cluster=what_if.columns.names[nodes.cluster], count=nodes.count, **figures)
    return Step(change, nodes=nodes)


def request_families(what_if: WhatIf) -> Iterator[Family]:
    """Pods of one workload that ask for ever less of one resource; what is placed keeps its size."""
    for work in what_if.request.workloads:
        for resource, amount in work.pod.requests.items():
            unit = _TIDY.get(resource, 1)
            lower = {amount * part // _PARTS // unit * unit for part in range(1, _PARTS)}
            # Where no node has enough for one pod, what the best of them has is the figure.
            lower |= set(what_if.ledger.most_free(work.pod, resource).tolist())
            family = [_request(work, resource, amount, to) for to in sorted(lower, reverse=True) if 0 < to < amount]
            if family:
                yield family


def _request(work: Workload, resource: str, amount: int, to: int) -> Step:
    def edit(request: Request) -> Request:
        workloads = tuple(
            _with_less(other, resource, to) if other.key == work.key else other for other in request.workloads
        )
        return replace(request, workloads=workloads)

    change = make_change(Constraint.REQUEST, workload=work.key, resource=resource, from_=amount, to=to)
    return Step(change, edit=edit)


def _with_less(work: Workload, resource: str, to: int) -> Workload:
    requests = immutabledict({**work.pod.requests, resource: to})
    return replace(work, pod=replace(work.pod, requests=requests))
