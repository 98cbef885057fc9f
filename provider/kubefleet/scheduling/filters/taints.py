"""Taints: the policy tolerates every taint of the cluster."""

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Verdict
from kubefleet.scheduling.tolerance import tolerated

NO_EXECUTE, NO_SCHEDULE = "taints-no-execute", "taints"


class Taints:
    """Refuses clusters with an untolerated taint of one effect. One row of the table per effect."""

    by_policy = True

    def __init__(self, effect: Effect, name: str, warns_for: frozenset[PolicyType] = frozenset()) -> None:
        self.effect = effect
        self.name = name
        self.warns_for = warns_for

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct list of tolerations."""
        clusters, tolerations = cycle.columns.clusters, request.policy.tolerations

        def untolerated(i: int) -> list[Taint]:
            return [
                taint
                for taint in clusters[i].taints
                if taint.effect is self.effect and not tolerated(taint, tolerations, cycle.columns.now)
            ]

        def reasons(i: int) -> tuple[Reason, ...]:
            return tuple(
                make_reason(
                    Code.TAINT_NOT_TOLERATED,
                    self.name,
                    clusters[i].name,
                    key=taint.key,
                    value=taint.value,
                    effect=taint.effect.value,
                )
                for taint in untolerated(i)
            )

        return cycle.columns.once(
            (self.name, tolerations),
            lambda: Verdict(cycle.columns.mask([not untolerated(i) for i in range(len(clusters))]), reasons),
        )
