"""Namespaces: those in which the placement's objects stand exist in the cluster."""

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters._existing import judge_existing
from kubefleet.scheduling.protocols import Verdict


class Namespaces:
    """Refuses clusters without a namespace that the placement's objects stand in."""

    name = "namespaces"
    warns_for: frozenset[PolicyType] = frozenset()
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct set of namespaces that no placement of this plan provides."""
        if not request.needs_namespaces:
            return cycle.columns.no_refusal
        needs = request.needs_namespaces - request.provides_namespaces
        return judge_existing(cycle, self.name, Code.NAMESPACE_MISSING, needs, "namespaces")
