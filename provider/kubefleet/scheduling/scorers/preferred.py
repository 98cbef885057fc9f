"""Preferred: the policy's weighted terms, and its orders by a numeric property."""

import numpy as np

from kubefleet.model.policy import Prefer
from kubefleet.model.request import Request
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.options import NormalizeOver
from kubefleet.scheduling.protocols import Mask, Numbers, Scores


class Preferred:
    """The sum of the terms, not clamped."""

    name = "preferred"
    weight = 10
    every_pick = False

    def score(self, cycle: Cycle, request: Request, candidates: Mask, domains: Domains) -> Scores:  # noqa: ARG002
        """A term gives its weight where it holds. An order gives weight × (max − x)/(max − min), rounded half up, to
        the smallest most (`Ascending`), or the other way round; nothing where the property is no number, or where
        all are equal. The extremes are those of the candidates, or of all members by option.
        """
        columns, preferred = cycle.columns, request.policy.preferred
        if cycle.options.normalize_over is NormalizeOver.MEMBERS:
            candidates = columns.everywhere()
        if not preferred:
            return columns.nothing()
        extremes = tuple(_extremes(columns, prefer.sort_by, candidates) for prefer in preferred)

        def make() -> Scores:
            total = np.zeros(len(columns), dtype=np.int64)
            for prefer, bounds in zip(preferred, extremes, strict=True):
                if prefer.term is not None:
                    total += np.where(columns.where_term(prefer.term), prefer.weight, 0)
                elif bounds is not None:
                    total += _by_order(columns, prefer, *bounds)
            return total

        return columns.once((self.name, columns.number(request.policy), extremes), make)


def _extremes(columns: Columns, name: str | None, among: Mask) -> tuple[int, int] | None:
    """The smallest and the largest number of a property; None where there are no two different ones."""
    if name is None:
        return None

    def make() -> tuple[Mask, tuple[int, int] | None]:
        have, numbers = columns.numbers(name)
        compared = numbers[have & among]
        low, high = (int(compared.min()), int(compared.max())) if len(compared) else (0, 0)
        return among, (low, high) if low < high else None

    # The mask is held too, so that no other can have its id.
    return columns.once(("extremes", name, id(among)), make)[1]


def _by_order(columns: Columns, prefer: Prefer, low: int, high: int) -> Numbers:
    have, numbers = columns.numbers(prefer.sort_by or "")
    scores = np.zeros(len(have), dtype=np.int64)
    clipped = np.clip(numbers[have], low, high)
    over = clipped - low if prefer.descending else high - clipped
    # ⌊x + 1/2⌋ in integers: floor division rounds half up, for negative weights too.
    scores[have] = (2 * prefer.weight * over + (high - low)) // (2 * (high - low))
    return scores
