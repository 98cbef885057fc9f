"""Placements for which nothing changes: of most plans nearly all. They cost next to nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.decision import Decision, Previous
from kubefleet.model.policy import Policy, PolicyType
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.pick import pick, spread_binds
from kubefleet.scheduling.protocols import Scores
from kubefleet.scheduling.refused import Outcome, why_not
from kubefleet.scheduling.rules.estimates import estimates
from kubefleet.scheduling.scorers import scorers_for
from kubefleet.scheduling.shared import Shared
from kubefleet.scheduling.standing import Standing
from kubefleet.scheduling.trail import Lazily, Ranking, Refusals
from kubefleet.scheduling.warned import warnings_of

_NONE: immutabledict[str, Any] = immutabledict()
_FEW = 32


def unchanged(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> Decision | None:
    """The decision as it was, where all that stands may stay, has what is asked for, and no cluster is to be added;
    None where that takes more than a look. What is given is what the long way gives.
    """
    standing = cycle.standing.get(request.name)
    if standing is None or previous.edited or request.may_rebalance or not _plain(cycle, request):
        return None
    if funnel.anyone_leaves or not _all_pass(funnel, standing):
        return None
    if request.divides:
        if not _totals_stand(request, standing):
            return None
    elif not (_copies_stand(request, standing) and _nobody_to_add(cycle, request, standing, funnel)):
        return None
    if request.policy.type is PolicyType.PICK_N and len(standing.places) > request.policy.number:
        return None
    if cycle.neighbours is not None:
        cycle.neighbours.decided(request.name, standing.places, {})
    trail = _Trail(cycle.picture(), request, funnel, standing, estimates(cycle, request))
    on, names = standing.on, cycle.columns.names
    return Decision(
        placement=request.name,
        bindings=standing.bindings,
        candidates=Ranking(names, funnel.passed, on, scorers_for(cycle, request), trail.values),
        refused=Refusals(names, on, trail.why_not),
        kept=_NONE,
        left=_NONE,
        warnings=Lazily(trail.warnings),
        funnel=Lazily(funnel.steps),
        divided=request.divides,
    )


def _all_pass(funnel: Funnel, standing: Standing) -> bool:
    """Whether no filter has anything against any cluster on which it stands."""
    if funnel.many == len(funnel.names):
        return True
    # For a few numpy takes longer to begin than Python takes for all of it.
    if len(standing.places) < _FEW:
        return all(map(funnel.flags.__getitem__, standing.places))
    return bool(funnel.passed[standing.where].all())


def _plain(cycle: Cycle, request: Request) -> bool:
    """Whether nothing but the policy, what is free and where others stand tells clusters apart."""
    policy = request.policy
    if cycle.grants or len(cycle.ledger.growing):
        return False
    for work in request.workloads:
        if work.autoscaled is not None or work.pod.rules is not None:
            return False
    return cycle.columns.once(("plain", cycle.columns.number(policy)), lambda: _is_plain(policy))


def _is_plain(policy: Policy) -> bool:
    limited = any(toleration.seconds for toleration in policy.tolerations)
    own = any(prefer.function is not None for prefer in policy.preferred)
    grouped = bool(policy.spread_groups or policy.min_clusters)
    return not (policy.type is PolicyType.PICK_FIXED or limited or own or grouped)


def _copies_stand(request: Request, standing: Standing) -> bool:
    """Whether every binding is a whole copy."""
    # Sorted by workload, as decisions are.
    copy = sorted([(work.key, work.replicas) for work in request.workloads])
    return [list(replicas.items()) for replicas in standing.distinct] == [copy] * len(standing.distinct)


def _nobody_to_add(cycle: Cycle, request: Request, standing: Standing, funnel: Funnel) -> bool:
    if request.policy.type is PolicyType.PICK_N:
        return len(standing.places) == request.policy.number
    if len(standing.places) == funnel.many:
        return True
    if not spread_binds(request):
        return False

    def make() -> bool:
        domains = Domains(cycle.columns, request.policy.topology_spread, funnel.eligible)
        domains.add_all(standing.places)
        allowed = domains.allowed() & funnel.passed
        allowed[standing.where] = False
        return not allowed.any()

    # Both are part of the cycle, so that no others can have their ids.
    return cycle.columns.once(("nobody to add", id(standing), id(funnel)), make)


def _totals_stand(request: Request, standing: Standing) -> bool:
    """Whether all replicas are there, some on each cluster; of workloads that are not divided a whole one on each."""
    if request.divided is None or request.divided.max:
        return False
    keys = sorted([work.key for work in request.workloads])
    parts = [work for work in request.workloads if work.divisible]
    whole = [work for work in request.workloads if not work.divisible]
    for replicas in standing.distinct:
        if list(replicas) != keys or not any(replicas[work.key] for work in parts):
            return False
        if any(replicas[work.key] != work.replicas for work in whole):
            return False
    return all(0 < work.replicas == sum(standing.pods(work.key)) for work in parts)


@dataclass(slots=True, eq=False)
class _Trail:
    """Why, made when somebody asks: `cycle` is a picture of that in which it was decided."""

    cycle: Cycle
    request: Request
    funnel: Funnel
    standing: Standing
    estimated: Callable[[int], tuple[Reason, ...]]
    _outcome: Outcome | None = None

    def values(self) -> list[Scores]:
        """The scores."""
        return self._made().picked.values

    def why_not(self, i: int) -> tuple[Reason, ...]:
        """Why a cluster has nothing."""
        return why_not(self._made(), i)

    def warnings(self) -> tuple[Reason, ...]:
        """What speaks against a cluster on which something stands."""
        return warnings_of(self._made(), self.estimated)

    def _made(self) -> Outcome:
        """What the long way comes to. No room is asked for: what stands has it."""
        if self._outcome is None:
            there = list(zip(self.standing.places, self.standing.bindings, strict=True))
            kept = Kept(dict(there), stays=self.standing.places)
            picked = pick(self.cycle, self.request, self.funnel, kept)
            shared = Shared({i: dict(binding.replicas) for i, binding in there})
            columns = self.cycle.columns
            self._outcome = Outcome(columns, self.request, self.funnel, kept, picked, shared)
        return self._outcome
