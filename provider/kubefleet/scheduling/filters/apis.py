"""APIs: those of the placement's objects are served by the cluster."""

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters._existing import judge_existing
from kubefleet.scheduling.protocols import Verdict


class Apis:
    """Refuses clusters that do not serve an API of the placement's objects."""

    name = "apis"
    warns_for: frozenset[PolicyType] = frozenset()
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct set of APIs that no placement of this plan provides."""
        if not request.needs_apis:
            return cycle.columns.no_refusal
        needs = request.needs_apis - request.provides_apis
        return judge_existing(cycle, self.name, Code.API_MISSING, needs, "apis")
