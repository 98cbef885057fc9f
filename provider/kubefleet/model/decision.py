"""What the scheduler decided, and the whole trail of why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from immutabledict import immutabledict

from kubefleet.model.reason import Reason
from kubefleet.model.relaxation import Relaxation


@dataclass(frozen=True, slots=True)
class Binding:
    """One placement on one cluster: `replicas` by workload key. An empty mapping is a copy without workloads."""

    cluster: str
    replicas: immutabledict[str, int] = field(default_factory=immutabledict)

    @property
    def total(self) -> int:
        """Replicas of all workloads together."""
        return sum(self.replicas.values())


@dataclass(frozen=True, slots=True)
class Score:
    """What one scorer gave: `value` before its `weight`."""

    scorer: str
    value: int
    weight: int

    @property
    def weighted(self) -> int:
        """What counts in the sum."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster that passed every filter, chosen or not, with its scores in the table's order."""

    cluster: str
    scores: tuple[Score, ...] = ()

    @property
    def total(self) -> int:
        """The sum that ranks it; ties are broken by name."""
        return sum(score.weighted for score in self.scores)


@dataclass(frozen=True, slots=True)
class FilterStep:
    """One filter in the order in which they run: clusters `left` when it and those before it have spoken, and whom it
    `refused` on its own, sorted. One that `warns` refuses nobody.
    """

    filter: str
    refused: tuple[str, ...]
    left: int
    warns: bool = False


class MoveReason(StrEnum):
    """The declared reasons for which something moves."""

    TAINT_NO_EXECUTE = "taint-no-execute"
    LEAVING = "leaving"
    DRAINED = "drained"
    POLICY_EDITED = "policy-edited"
    REBALANCE = "rebalance"
    DESCHEDULER = "descheduler"
    FAILOVER = "failover"


@dataclass(frozen=True, slots=True)
class Move:
    """Replicas (or copies, if not divided) that go from one cluster to another. `why` is the taint, the edit ..."""

    placement: str
    source: str
    destination: str
    replicas: int
    reason: MoveReason
    why: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of one placement.

    `bindings` and every mapping are sorted by cluster. `candidates` are the clusters that fit, and those chosen
    anyway. `refused` has every cluster that was not chosen with all its reasons (`outscored` and `limit-reached` are
    those of clusters that fit); it, `warnings` and `missing` may make them only when asked. `kept` are those that stay
    although something speaks against them; `left` the clusters that lost the placement, or replicas of it, and the
    declared reason. `missing` has a reason per copy or workload that found no room, `warnings` what was placed all the
    same, `failures` where a scorer could give nothing, `later` where what found no room fits once this plan is done,
    `funnel` the filters in order, `relaxations` what would make what is unplaced fit (the smallest first).
    `unplaced` counts replicas if divided, else copies.
    """

    placement: str
    bindings: tuple[Binding, ...] = ()
    candidates: Sequence[Candidate] = ()
    refused: Mapping[str, tuple[Reason, ...]] = field(default_factory=immutabledict)
    kept: Mapping[str, tuple[Reason, ...]] = field(default_factory=immutabledict)
    left: Mapping[str, MoveReason] = field(default_factory=immutabledict)
    warnings: Sequence[Reason] = ()
    missing: Sequence[Reason] = ()
    failures: Sequence[Reason] = ()
    funnel: Sequence[FilterStep] = field(default=(), compare=False)
    relaxations: Sequence[Relaxation] = field(default=(), compare=False)
    later: tuple[Reason, ...] = ()
    unplaced: int = 0
    divided: bool = False

    def binding(self, cluster: str) -> Binding | None:
        """The binding on that cluster, or None."""
        return next((binding for binding in self.bindings if binding.cluster == cluster), None)


@dataclass(frozen=True, slots=True)
class Previous:
    """What was decided before: `bindings` as they were, and whether the user has edited the policy since."""

    bindings: tuple[Binding, ...] = ()
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions, sorted by placement, and the moves between the previous plan and this one."""

    decisions: tuple[Decision, ...]
    moves: tuple[Move, ...] = ()

    def decision(self, placement: str) -> Decision | None:
        """The decision of that placement, or None."""
        return next((decision for decision in self.decisions if decision.placement == placement), None)
