"""Reachable: the snapshot could read the cluster."""

from kubefleet.model.cluster import ClusterState
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.protocols import Verdict

NAME = "reachable"


class Reachable:
    """Refuses clusters that gave no answer. Of those nothing else is known, so no other filter's reason is given."""

    name = NAME
    warns_for: frozenset[PolicyType] = frozenset()
    by_policy = True

    def judge(self, cycle: Cycle, request: Request) -> Verdict:  # noqa: ARG002 - the protocol's signature
        """The same for every request."""
        clusters = cycle.columns.clusters

        def reasons(i: int) -> tuple[Reason, ...]:
            why = {"why": clusters[i].why} if clusters[i].why else {}
            return (make_reason(Code.UNREACHABLE, self.name, clusters[i].name, **why),)

        return cycle.columns.once(
            self.name,
            lambda: Verdict(
                cycle.columns.mask([cluster.state is not ClusterState.UNREACHABLE for cluster in clusters]), reasons
            ),
        )
