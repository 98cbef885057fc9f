"""Eligibility: the cluster takes work: it is ready, and neither cordoned, drained nor leaving."""

from kubefleet.model.cluster import ClusterState
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Verdict

_CODES = {
    ClusterState.NOT_READY: Code.NOT_READY,
    ClusterState.CORDONED: Code.CORDONED,
    ClusterState.DRAINED: Code.DRAINED,
    ClusterState.LEAVING: Code.LEAVING,
}


class Eligibility:
    """Refuses clusters by their state."""

    name = "eligibility"
    warns_for: frozenset[PolicyType] = frozenset()
    by_policy = True

    def judge(self, cycle: Cycle, request: Request) -> Verdict:  # noqa: ARG002 - the protocol's signature
        """The same for every request."""
        clusters = cycle.columns.clusters

        def reasons(i: int) -> tuple[Reason, ...]:
            why = {"why": clusters[i].why} if clusters[i].why else {}
            return (make_reason(_CODES[clusters[i].state], self.name, clusters[i].name, **why),)

        return cycle.columns.once(
            self.name,
            lambda: Verdict(cycle.columns.mask([cluster.state not in _CODES for cluster in clusters]), reasons),
        )
