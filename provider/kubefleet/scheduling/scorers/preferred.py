"""Preferred: the policy's weighted terms, and its orders by a numeric property."""

import numpy as np

from kubefleet.model.policy import Prefer
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.options import NormalizeOver
from kubefleet.scheduling.protocols import Mask, Numbers


class Preferred:
    """The sum of the terms, not clamped."""

    name = "preferred"
    weight = 10
    every_pick = False

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Numbers:  # noqa: ARG002
        """A term gives its weight where it holds. An order gives weight × (max − x)/(max − min), rounded half up, to
        the smallest most (`Ascending`), or the other way round; nothing where the property is no number, or where
        all are equal. The extremes are those of the candidates, or of all members by option.
        """
        columns = cycle.columns
        if cycle.options.normalize_over is NormalizeOver.MEMBERS:
            candidates = columns.everywhere()
        total = np.zeros(len(columns), dtype=np.int64)
        for prefer in request.policy.preferred:
            if prefer.term is not None:
                total += np.where(columns.where_term(prefer.term), prefer.weight, 0)
            else:
                total += _by_order(cycle, prefer, candidates)
        return total


def _by_order(cycle: Cycle, prefer: Prefer, among: Mask) -> Numbers:
    have, numbers = cycle.columns.numbers(prefer.sort_by or "")
    compared = numbers[have & among]
    scores = np.zeros(len(have), dtype=np.int64)
    if len(compared) == 0:
        return scores
    low, high = compared.min(), compared.max()
    if low == high:
        return scores
    clipped = np.clip(numbers[have], low, high)
    over = clipped - low if prefer.descending else high - clipped
    # ⌊x + 1/2⌋ in integers: floor division rounds half up, for negative weights too.
    scores[have] = (2 * prefer.weight * over + (high - low)) // (2 * (high - low))
    return scores
