"""Functions: the user's own scorers, each a row of its own with the weight that the policy gives it."""

import numpy as np

from kubefleet.model.plugin import Plugin
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.functions import as_score, ask
from kubefleet.scheduling.protocols import Mask, Scorer, Scores


class FunctionScorer:
    """−100..100: what the function returns, rounded half up; nothing where it fails."""

    every_pick = False

    def __init__(self, plugin: Plugin, weight: int) -> None:
        self.name, self.weight = plugin.name, weight
        self._plugin = plugin

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Scores:  # noqa: ARG002
        """Made once per distinct request: a function sees all of it."""
        answers = ask(cycle, self._plugin, request, as_score)
        return np.array([answer.score for answer in answers], dtype=np.int8)


def function_scorers(request: Request) -> tuple[Scorer, ...]:
    """The scorers that the policy names, in its order."""
    return tuple(
        FunctionScorer(prefer.function, prefer.weight)
        for prefer in request.policy.preferred
        if prefer.function is not None
    )
