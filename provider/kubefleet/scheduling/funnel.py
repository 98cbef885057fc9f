"""All filters' verdicts on one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import FilterStep
from kubefleet.model.policy import Policy, PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters import FILTERS
from kubefleet.scheduling.filters.capacity import NAME as CAPACITY
from kubefleet.scheduling.filters.nodes import NAME as NODES
from kubefleet.scheduling.filters.reachable import NAME as REACHABLE
from kubefleet.scheduling.filters.spread import NAME as SPREAD
from kubefleet.scheduling.filters.taints import NO_EXECUTE
from kubefleet.scheduling.protocols import Filter, Mask, Verdict

_OF_NEW_ONES = frozenset({CAPACITY, SPREAD})
"""Filters that a domain may fail and still count for spread."""
_OWN = tuple(row for row in FILTERS if not row.by_policy)
"""Filters that are asked about every request."""
_LEAVING = frozenset({ClusterState.LEAVING, ClusterState.DRAINED})


@dataclass(frozen=True, slots=True)
class Funnel:
    """`passed` are the clusters that may be chosen; `grows` those where what stands may become more, which is for the
    division to bound by room; `eligible` those that make their domain count for spread: what passes every filter
    except capacity and spread. What stands `leaves` where the cluster's state, a NoExecute taint or the names of the
    policy say so. `named` is given for PickFixed only. `many` counts those that passed.
    """

    names: tuple[str, ...]
    verdicts: tuple[tuple[Filter, Verdict], ...]
    type: PolicyType
    named: Mask | None
    leaves: Mask
    passed: Mask
    grows: Mask
    eligible: Mask
    many: int
    anyone_leaves: bool
    _refusing: dict[int, dict[int, tuple[Reason, ...]]] = field(default_factory=dict, compare=False)

    def reasons(self, i: int) -> tuple[Reason, ...]:
        """Why a cluster may not be chosen, all of it; of an unreachable one and of one not named only that."""
        if not self.is_named(i):
            return (make_reason(Code.NOT_NAMED, "policy", self.names[i]),)
        return tuple(chain.from_iterable(self.refusing(i).values()))

    def refusing(self, i: int) -> Mapping[int, tuple[Reason, ...]]:
        """As `reasons` of a cluster that is named, by filter: its place in `verdicts`."""
        found = self._refusing.get(i)
        if found is None:
            # Whoever explains a placement asks again and again.
            found = self._refusing[i] = self._failing(i, warns=False)
        return found

    def warnings(self, i: int) -> tuple[Reason, ...]:
        """What would refuse the cluster under another type of policy."""
        return tuple(chain.from_iterable(self._failing(i, warns=True).values())) if self.is_named(i) else ()

    def standing(self, i: int) -> tuple[Reason, ...]:
        """What speaks against a binding that stands there already: not room, of which it takes some itself."""
        return tuple(
            reason
            for reason in self.reasons(i)
            if reason.plugin != CAPACITY and not (reason.plugin == NODES and reason.detail["free"])
        )

    def shortage(self, i: int) -> tuple[Reason, ...]:
        """What the capacity filter has against a cluster, whether it refuses or warns."""
        return next(
            (verdict.reasons(i) for row, verdict in self.verdicts if row.name == CAPACITY and not verdict.passed[i]), ()
        )

    def refusal(self, i: int, plugin: str) -> tuple[Reason, ...]:
        """The reasons of one filter, by name; empty where it passes the cluster or only warns."""
        for row, verdict in self.verdicts:
            if row.name == plugin and not verdict.passed[i] and self.type not in row.warns_for:
                return verdict.reasons(i)
        return ()

    def steps(self) -> tuple[FilterStep, ...]:
        """The filters in order. Of a silent cluster only that is told, and of one not named only that."""
        left = self.passed | True if self.named is None else self.named
        steps = [] if self.named is None else [FilterStep("policy", self._where(~left), int(left.sum()))]
        asked = left
        for row, verdict in self.verdicts:
            warns = self.type in row.warns_for
            left = left if warns else left & verdict.passed
            steps.append(FilterStep(row.name, self._where(asked & ~verdict.passed), int(left.sum()), warns))
            if row.name == REACHABLE:
                asked = asked & verdict.passed
        return tuple(steps)

    def _where(self, mask: Mask) -> tuple[str, ...]:
        return tuple(self.names[i] for i in mask.nonzero()[0].tolist())

    def any_refused(self, places: Sequence[int], plugin: str) -> bool:
        """Whether one filter, by name, refuses any of some clusters."""
        return any(
            not verdict.passed[places].all()
            for row, verdict in self.verdicts
            if row.name == plugin and self.type not in row.warns_for
        )

    def is_named(self, i: int) -> bool:
        """Whether a PickFixed policy names the cluster; True for other policies."""
        return self.named is None or bool(self.named[i])

    def _failing(self, i: int, *, warns: bool) -> dict[int, tuple[Reason, ...]]:
        found: dict[int, tuple[Reason, ...]] = {}
        for at, (row, verdict) in enumerate(self.verdicts):
            if not verdict.passed[i] and (self.type in row.warns_for) == warns:
                found[at] = verdict.reasons(i)
                if row.name == REACHABLE:
                    break
        return found


def run_filters(cycle: Cycle, request: Request) -> Funnel:
    """Every filter once, in the table's order: most of them once for all requests of one policy. Requests of one policy
    for which all filters say the same share a funnel.
    """
    columns, policy = cycle.columns, cycle.columns.number(request.policy)
    shared = columns.once(
        ("verdicts", policy), lambda: [row.judge(cycle, request) if row.by_policy else None for row in FILTERS]
    )
    own = [row.judge(cycle, request) for row in _OWN]
    # A funnel holds its verdicts, so that no other can have the id of one of them.
    return columns.once(
        ("funnel", policy, *map(id, own)), lambda: make_funnel(columns, request.policy, _together(shared, own))
    )


def _together(shared: Sequence[Verdict | None], own: Sequence[Verdict]) -> list[Verdict]:
    """All verdicts in the table's order."""
    rest = iter(own)
    return [next(rest) if verdict is None else verdict for verdict in shared]


def make_funnel(columns: Columns, policy: Policy, verdicts: Sequence[Verdict]) -> Funnel:
    """What the verdicts, one a row of the table, come to under a policy."""
    named = None
    if policy.type is PolicyType.PICK_FIXED:
        names = frozenset(policy.names)
        named = columns.mask([name in names for name in columns.names])
    gone = columns.once("gone", lambda: columns.mask([cluster.state in _LEAVING for cluster in columns.clusters]))
    leaves = gone if named is None else gone | ~named
    passed = grows = eligible = columns.everywhere() if named is None else named
    for row, verdict in zip(FILTERS, verdicts, strict=True):
        if row.name == NO_EXECUTE:
            leaves = leaves | ~verdict.passed
        if policy.type not in row.warns_for:
            passed = columns.both(passed, verdict.passed)
            if row.name != CAPACITY:
                grows = columns.both(grows, verdict.passed)
            if row.name not in _OF_NEW_ONES:
                eligible = columns.both(eligible, verdict.passed)
    rows = tuple(zip(FILTERS, verdicts, strict=True))
    many, anyone = int(passed.sum()), bool(leaves.any())
    return Funnel(columns.names, rows, policy.type, named, leaves, passed, grows, eligible, many, anyone)
