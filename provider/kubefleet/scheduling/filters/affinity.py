"""Affinity: the placements that must be beside this one are in the cluster's domain, those that must not are not."""

import numpy as np

from kubefleet.model.affinity import CLUSTER, Affinity
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.neighbours import View
from kubefleet.scheduling.protocols import Mask, Verdict

AFFINITY, ANTI_AFFINITY = "affinity", "anti-affinity"


class AffinityMet:
    """Refuses clusters in whose domain no placement stands that one of the policy's affinities requires."""

    name = AFFINITY
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """As things stand when the placement is decided."""
        view = _view(cycle, request)
        if view is None or not view.beside:
            return cycle.columns.no_refusal

        def reasons(i: int) -> tuple[Reason, ...]:
            name = cycle.columns.names[i]
            more = {"cycle": view.cycle} if view.cycle else {}
            return tuple(
                make_reason(Code.AFFINITY_UNMET, AFFINITY, name, key=rule.key, wanted=f"beside {_told(rule)}", **more)
                for rule, met in view.beside
                if not met[i]
            )

        passed: Mask = np.logical_and.reduce([met for _, met in view.beside])
        return Verdict(passed, reasons)


class AntiAffinity:
    """Refuses clusters in whose domain a placement stands that must be apart: by this policy, or by the other's."""

    name = ANTI_AFFINITY
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """As things stand when the placement is decided; what moves away in this plan still stands there too."""
        view = _view(cycle, request)
        if view is None or not (view.against or view.refusing):
            return cycle.columns.no_refusal

        def reasons(i: int) -> tuple[Reason, ...]:
            name = cycle.columns.names[i]
            own = [
                make_reason(Code.ANTI_AFFINITY, ANTI_AFFINITY, name, key=rule.key, wanted=f"apart from {_told(rule)}")
                for rule, broken in view.against
                if broken[i]
            ]
            others = [
                make_reason(Code.ANTI_AFFINITY, ANTI_AFFINITY, name, key=rule.affinity.key, by=", ".join(rule.owners))
                for rule, broken in view.refusing
                # Of a rule that both bear it is enough to hear once.
                if broken[i] and not any(mine == rule.affinity and here[i] for mine, here in view.against)
            ]
            return (*own, *others)

        broken = [mask for _, mask in (*view.against, *view.refusing)]
        passed: Mask = ~np.logical_or.reduce(broken)
        return Verdict(passed, reasons)


def _told(rule: Affinity) -> str:
    return str(rule.placements) if rule.key == CLUSTER else f"{rule.placements} in its {rule.key}"


def _view(cycle: Cycle, request: Request) -> View | None:
    """What affinities say; None where none says anything."""
    neighbours = cycle.neighbours
    return neighbours.view(request) if neighbours is not None and neighbours.concerns(request) else None
