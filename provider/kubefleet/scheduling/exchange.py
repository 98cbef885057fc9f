"""Exchange: of divided replicas, clusters with too little room give way to others that passed but were not picked."""

import numpy as np
from numpy.typing import NDArray

from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.groups import Groups, rules_of
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.pick import Picked
from kubefleet.scheduling.protocols import Mask, Numbers


def exchange(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept, picked: Picked) -> None:
    """Change the picks while that lets more replicas be placed: each time the new cluster with the least room goes,
    for the one with which the fewest replicas are left over (of equals, the highest score). What stands stays.
    """
    bound = request.policy.type is PolicyType.PICK_N and request.policy.fit is Fit.FILTER
    if request.divided is None or not (request.divides and bound and picked.added):
        return
    parts = [work for work in request.workloads if work.divisible]
    even = [(work, -(-work.replicas // len(picked.chosen))) for work in parts]
    if not (kept.before or request.divided.max) and all(cycle.ledger.all_hold(work.pod, pods) for work, pods in even):
        return
    totals = np.array([work.replicas for work in parts], dtype=np.int64)
    if (_most(cycle, request, funnel, kept, np.array(picked.chosen)).sum(axis=1) >= totals).all():
        return
    rooms = np.minimum(_most(cycle, request, funnel, kept, cycle.columns.places), totals[:, None])
    spare = funnel.passed.copy()
    spare[[*picked.chosen, *kept.before, *picked.seatless]] = False
    rules = rules_of(cycle.columns, request.policy)
    while spare.any():
        lack = totals - rooms[:, picked.chosen].sum(axis=1)
        short = int(np.maximum(lack, 0).sum())
        if short == 0:
            return
        victim = min(picked.added, key=lambda i: (int(rooms[:, i].sum()), picked.total(i), -i))
        fine = spare & _alike(cycle, request, victim)
        for want in picked.wants:
            fine &= want.among == want.among[victim]
        if rules is not None:
            fine &= Groups(cycle.columns, rules, picked.chosen).exchanges(victim, cycle.columns.everywhere())
        places = picked.by_score(np.flatnonzero(fine))
        if not len(places):
            return
        after = np.maximum((lack + rooms[:, victim])[:, None] - rooms[:, places], 0).sum(axis=0)
        best = int(after.argmin())
        if after[best] >= short:
            return
        picked.replace(victim, int(places[best]), int(rooms[:, victim].sum()))
        spare[places[best]] = False


def _most(cycle: Cycle, request: Request, funnel: Funnel, kept: Kept, clusters: Numbers) -> NDArray[np.int64]:
    """Workload × cluster: the most replicas that some clusters could have."""
    maximum = request.divided.max if request.divided is not None else {}
    rows: list[Numbers] = []
    for work in (work for work in request.workloads if work.divisible):
        row = cycle.room_for(request, work, clusters)
        for at, i in enumerate(clusters.tolist()) if kept.stays or maximum else ():
            if i in kept.stays and not funnel.grows[i]:
                row[at] = kept.before[i].replicas.get(work.key, 0)
            row[at] = min(row[at], maximum.get(cycle.columns.names[i], row[at]))
        rows.append(row)
    return np.stack(rows)


def _alike(cycle: Cycle, request: Request, i: int) -> Mask:
    """Clusters of the same domains, as far as a `DoNotSchedule` looks at them."""
    alike = cycle.columns.everywhere()
    for spread in request.policy.topology_spread:
        if spread.hard:
            codes, _ = cycle.columns.domains(spread.key)
            alike = alike & (codes == codes[i])
    return alike
