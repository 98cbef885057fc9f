"""What a filter and a scorer are. A new one is a class in a file of its own and a row in its folder's table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from kubefleet.model.policy import PolicyType
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request

if TYPE_CHECKING:
    from kubefleet.scheduling.cycle import Cycle
    from kubefleet.scheduling.domains import Domains

Mask = NDArray[np.bool_]
"""One boolean per cluster of the snapshot, in its order. Masks are never changed once they are shared."""
Numbers = NDArray[np.int64]
"""One integer per cluster of the snapshot, in its order."""
Scores = NDArray[np.int64] | NDArray[np.int8]
"""What a scorer gives every cluster. A plan keeps them for every placement: in bytes where they fit."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a filter says of all clusters. `reasons(i)` gives why cluster i did not pass; called only when asked."""

    passed: Mask
    reasons: Callable[[int], tuple[Reason, ...]]


class Filter(Protocol):
    """Refuses clusters. Where the policy's type is in `warns_for`, what it refuses only warns.

    What stands on a refused cluster stays there and gets no more, and its domain does not count for spread; `funnel.py`
    and `keep.py` name the filters of which that is not so. Names are unique. The same answer is to be the same Verdict
    (`columns.once`, with a key that begins with the name; `columns.no_refusal` where nobody is refused): placements
    share whatever has the same verdicts.
    """

    name: str
    warns_for: frozenset[PolicyType]
    by_policy: bool
    """Whether nothing but the policy and the snapshot decides: then all placements of one policy share the verdict."""

    def judge(self, cycle: "Cycle", request: Request) -> Verdict:
        """Called once per request and plan, or per policy and plan. Must not change anything."""
        ...


class Scorer(Protocol):
    """Ranks clusters that passed: value × weight, added up over all scorers."""

    name: str
    weight: int
    every_pick: bool

    def score(self, cycle: "Cycle", request: Request, candidates: Mask, domains: "Domains") -> Scores:
        """Integer values of all clusters; those outside `candidates` do not matter.

        Called once per request; where `every_pick` is set, again after each pick of a request with a topology spread.
        """
        ...
