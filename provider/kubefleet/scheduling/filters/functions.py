"""Functions: the user's own filters, named by the policy, have nothing against the cluster."""

from kubefleet.model.plugin import Plugin
from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.functions import NAME, Answer, as_verdict, ask, failure
from kubefleet.scheduling.protocols import Verdict


class Functions:
    """Refuses clusters that one of the policy's functions refuses, and those on which one fails: what must hold and
    cannot be asked does not count as holding.
    """

    name = NAME
    warns_for = frozenset({PolicyType.PICK_FIXED})
    by_policy = False

    def judge(self, cycle: Cycle, request: Request) -> Verdict:
        """Made once per distinct request: a function sees all of it."""
        columns, plugins = cycle.columns, request.policy.filters
        if not plugins:
            return columns.no_refusal

        def make() -> Verdict:
            said = [(plugin, ask(cycle, plugin, request, as_verdict)) for plugin in plugins]
            passed = [not any(_against(answers[i]) for _, answers in said) for i in range(len(columns))]

            def reasons(i: int) -> tuple[Reason, ...]:
                return tuple(
                    _reason(plugin, columns.names[i], answers[i]) for plugin, answers in said if _against(answers[i])
                )

            return Verdict(columns.mask(passed), reasons)

        return columns.once(("functions", columns.number(request)), make)


def _against(answer: Answer) -> bool:
    return answer.refuses or bool(answer.failed)


def _reason(plugin: Plugin, cluster: str, answer: Answer) -> Reason:
    if answer.failed:
        return failure(plugin, cluster, answer)
    return make_reason(Code.PLUGIN_REFUSED, NAME, cluster, function=plugin.name, why=answer.why)
