"""One placement decided again after the plan, with something changed: how much would be left unplaced."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kubefleet.model.decision import Binding, Previous
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.capacity import NAME as CAPACITY
from kubefleet.scheduling.filters.nodes import NAME as NODES
from kubefleet.scheduling.filters.reachable import NAME as REACHABLE
from kubefleet.scheduling.filters.required import NAME as REQUIRED
from kubefleet.scheduling.filters.taints import NO_EXECUTE, NO_SCHEDULE
from kubefleet.scheduling.funnel import Funnel, make_funnel
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.missing import unplaced
from kubefleet.scheduling.relax.step import MoreNodes, Step
from kubefleet.scheduling.solve import solve

_ASKED_AGAIN = frozenset({NO_EXECUTE, NO_SCHEDULE, REQUIRED, NODES})
"""Filters of what a policy says of tolerations and terms: of those that are edited they are the judges."""


class WhatIf:
    """A placement as the plan has left it: everything is booked, what it got is its own.

    `missing` counts what found no place; `refusing` has, per cluster that has nothing of it, the reasons of each filter
    (by its row in the funnel) but capacity; clusters that the policy does not name and those that are silent are left
    out. `short` are clusters that lack room. `trials` counts questions asked.
    """

    def __init__(
        self, cycle: Cycle, request: Request, bindings: Sequence[Binding], funnel: Funnel, missing: int
    ) -> None:
        self.request = replace(request, rebalance=False)
        self.missing = missing
        self.trials = 0
        self.columns = cycle.columns
        self.on = {cycle.columns.index[binding.cluster]: binding for binding in bindings}
        held = {
            (request.name, work.key): {i: binding.replicas.get(work.key, 0) for i, binding in self.on.items()}
            for work in request.workloads
        }
        self._cycle = replace(cycle, held=held, _picture=None)
        self._previous = Previous(tuple(bindings))
        self._funnel = funnel
        rows = [row.name for row, _ in funnel.verdicts]
        self._capacity, self._reachable = rows.index(CAPACITY), rows.index(REACHABLE)
        self.now = self._judged(self._cycle, self.request, ())
        self.short = frozenset(np.flatnonzero(~self.now.verdicts[self._capacity][1].passed).tolist())
        self.refusing = {
            i: reasons
            for i in range(len(self.columns))
            if i not in self.on and self.now.is_named(i) and (reasons := self._reasons(i)) is not None
        }

    @property
    def ledger(self) -> Ledger:
        """What is free after the plan."""
        return self._cycle.ledger

    def room(self, workload: Workload, clusters: Sequence[int]) -> list[int]:
        """Pods of a workload that some clusters could have in total, those that they have among them."""
        room: list[int] = self._cycle.room_for(self.request, workload, np.array(clusters, dtype=np.int64)).tolist()
        return room

    def left(self, *steps: Step) -> int:
        """How much of the request would be unplaced with some changes."""
        self.trials += 1
        request = self.request
        for step in steps:
            request = step.edit(request) if step.edit else request
        more = [step.nodes for step in steps if step.nodes]
        cycle = self._with(request, more)
        solved = solve(cycle, request, self._previous, self._judged(cycle, request, steps))
        return unplaced(request, solved.picked, solved.shared)

    def _with(self, request: Request, more: Sequence[MoreNodes]) -> Cycle:
        pods = [work.pod for work in request.workloads]
        if more or len(pods) > 1:
            ledger = self._cycle.ledger.fork(pods, [(nodes.cluster, nodes.shape, nodes.count) for nodes in more])
        else:
            # What is booked last is not asked about any more.
            ledger = self._cycle.ledger.look(pods)
        return replace(self._cycle, ledger=ledger, held=dict(self._cycle.held), _picture=None)

    def _judged(self, cycle: Cycle, request: Request, steps: Sequence[Step]) -> Funnel:
        """The plan's verdicts, but for capacity (room is counted anew) and for what the request says otherwise."""
        verdicts = [verdict for _, verdict in self._funnel.verdicts]
        again = {self._capacity}
        if request.policy is not self.request.policy:
            again |= {at for at, (row, _) in enumerate(self._funnel.verdicts) if row.name in _ASKED_AGAIN}
        for at in again:
            verdicts[at] = self._funnel.verdicts[at][0].judge(cycle, request)
        lifted = Counter((row, i) for row, i, _ in {position for step in steps for position in step.lifts})
        for row_number, i in lifted:
            if row_number not in again and lifted[row_number, i] == len(self.refusing[i][row_number]):
                verdict = verdicts[row_number]
                if verdict is self._funnel.verdicts[row_number][1]:
                    verdict = verdicts[row_number] = replace(verdict, passed=verdict.passed.copy())
                verdict.passed[i] = True
        return make_funnel(cycle.columns, request.policy, verdicts)

    def _reasons(self, i: int) -> dict[int, tuple[Reason, ...]] | None:
        """Why a cluster is refused, by filter; None for one of which nothing is known."""
        found = self._funnel.refusing(i)
        if self._reachable in found:
            return None
        return {at: reasons for at, reasons in found.items() if at != self._capacity}
