"""All filters' verdicts on one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from kubefleet.scheduling.protocols import Filter, Mask, Numbers, Verdict

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
    policy say so. `named` is given for PickFixed only. `where` are those that passed, by number; `flags` has a byte for
    each cluster.
    """

    names: tuple[str, ...]
    verdicts: tuple[tuple[Filter, Verdict], ...]
    type: PolicyType
    named: Mask | None
    leaves: Mask
    anyone_leaves: bool
    grows: Mask
    eligible: Mask
    passed: Mask
    where: Numbers
    flags: bytes
    _refusing: dict[int, dict[int, tuple[Reason, ...]]] = field(default_factory=dict, compare=False)

    @property
    def many(self) -> int:
        """How many passed."""
        return len(self.where)

    def narrowed(self, row: Filter, verdict: Verdict) -> "Funnel":
        """With one row more. What stands where it refuses stays, and gets no more."""
        passed = self.passed & verdict.passed
        where, flags = _listed(passed)
        return replace(self, verdicts=(*self.verdicts, (row, verdict)), passed=passed, where=where, flags=flags)

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


def run_filters(cycle: Cycle, request: Request, *, but: str = "") -> Funnel:
    """Every filter once, in the table's order: most of them once for all requests of one policy. Requests of one policy
    for which all filters say the same share a funnel. One filter that is not the policy's can be left out, by name.
    """
    columns, fine = cycle.columns, cycle.columns.no_refusal
    policy = columns.number(request.policy)
    own = [row.judge(cycle, request) if row.name != but else fine for row in _OWN]

    def of_policy() -> Funnel:
        """Where only those filters that are the policy's refuse anybody."""
        verdicts = [row.judge(cycle, request) if row.by_policy else fine for row in FILTERS]
        return make_funnel(columns, request.policy, verdicts)

    funnel = columns.once(("funnel", policy), of_policy)
    # A funnel holds its verdicts, so that no other can have the id of one of them.
    said = tuple(map(id, own))
    if said == (id(fine),) * len(own):
        return funnel
    return columns.once(("funnel", policy, *said), lambda: _narrowed(columns, funnel, own))


def _narrowed(columns: Columns, funnel: Funnel, own: Sequence[Verdict]) -> Funnel:
    """The funnel of a policy, with what the request's own filters say."""
    passed, grows, eligible = funnel.passed, funnel.grows, funnel.eligible
    for row, verdict in zip(_OWN, own, strict=True):
        if verdict is not columns.no_refusal and funnel.type not in row.warns_for:
            passed = columns.both(passed, verdict.passed)
            grows = grows if row.name == CAPACITY else columns.both(grows, verdict.passed)
            eligible = eligible if row.name in _OF_NEW_ONES else columns.both(eligible, verdict.passed)
    rest = iter(own)
    rows = tuple([(row, said if row.by_policy else next(rest)) for row, said in funnel.verdicts])
    named, leaves, anyone = funnel.named, funnel.leaves, funnel.anyone_leaves
    return Funnel(columns.names, rows, funnel.type, named, leaves, anyone, grows, eligible, passed, *_listed(passed))


def _listed(passed: Mask) -> tuple[Numbers, bytes]:
    return passed.nonzero()[0], passed.tobytes()


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
    anyone = bool(leaves.any())
    return Funnel(columns.names, rows, policy.type, named, leaves, anyone, grows, eligible, passed, *_listed(passed))
