"""The search for the smallest relaxations of one placement: one constraint at a time, then those of whole clusters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from kubefleet.model.relaxation import Constraint, Relaxation
from kubefleet.scheduling.relax.asks import group_families, less, number_families, spread_families
from kubefleet.scheduling.relax.reasons import families_of
from kubefleet.scheduling.relax.room import fewest_nodes, node_families, node_step, request_families
from kubefleet.scheduling.relax.step import Family, Position, Step
from kubefleet.scheduling.relax.what_if import WhatIf

MOST = 5
"""Relaxations that are told of one placement."""
MOST_TRIALS = 60
"""Questions asked of the scheduler for one placement; which come first depends on nothing but the plan."""
_MOST_FILTERS = 8
_MOST_TOGETHER = 5
_RANK = {constraint: rank for rank, constraint in enumerate(Constraint)}


def relaxations(what_if: WhatIf) -> tuple[Relaxation, ...]:
    """What would place everything, the smallest first: fewer changes, then the order of `Constraint`, then the amounts.

    Where nothing does, what would place most. To ask for less comes last.
    """
    by_filters = families_of(what_if)
    found = list(
        _tried(what_if, chain(_helpful(what_if, by_filters), spread_families(what_if), group_families(what_if)))
    )
    if not any(relaxation.unplaced == 0 for relaxation in found):
        found += _of_clusters(what_if, by_filters)
    found += _tried(what_if, chain(number_families(what_if), node_families(what_if)))
    if what_if.short or what_if.request.divides:
        found += _tried(what_if, request_families(what_if))
    enough = [relaxation for relaxation in found if relaxation.unplaced == 0]
    told = sorted(dict.fromkeys(_smaller(enough or found)), key=_size)[: MOST - 1]
    return (*told, *(Relaxation((step.change,)) for step in less(what_if)))


def _smaller(found: Sequence[Relaxation]) -> list[Relaxation]:
    """Without those that give up a spread where it is enough to widen it."""
    widened = {key for relaxation in found if (key := _spread_key(relaxation, widened=True))}
    return [relaxation for relaxation in found if _spread_key(relaxation, widened=False) not in widened]


def _spread_key(relaxation: Relaxation, *, widened: bool) -> str:
    """The key of the only change, a spread that is widened or given up; else empty."""
    change = relaxation.changes[0]
    of_spread = len(relaxation.changes) == 1 and change.constraint is Constraint.TOPOLOGY_SPREAD
    return str(change.detail["key"]) if of_spread and ("from" in change.detail) == widened else ""


def _size(relaxation: Relaxation) -> tuple[object, ...]:
    changes = relaxation.changes
    ranks = [(_RANK[change.constraint], [str(item) for item in change.detail.items()]) for change in changes]
    return relaxation.unplaced, len(changes), ranks


def _helpful(what_if: WhatIf, families: Sequence[Family]) -> list[Family]:
    """Families of which the last step alone passes some cluster; not too many, the first by rank and by how many."""
    opened = [(family, _opened(what_if, family[-1])) for family in families]
    useful = [
        (_RANK[family[-1].change.constraint], -count, str(family[-1].change), family)
        for family, count in opened
        if count
    ]
    return [family for *_, family in sorted(useful, key=lambda item: item[:3])[:_MOST_FILTERS]]


def _opened(what_if: WhatIf, step: Step) -> int:
    """Clusters that pass with this step alone."""
    lifted = Counter(i for _, i, _ in step.lifts)
    return sum(count == sum(map(len, what_if.refusing[i].values())) for i, count in lifted.items())


def _tried(what_if: WhatIf, families: Iterable[Family]) -> list[Relaxation]:
    """Of each family the smallest step with which the most fits, if any does."""
    found = []
    for family in families:
        if not family or what_if.trials >= MOST_TRIALS:
            continue
        least = what_if.left(family[-1])
        if least >= what_if.missing:
            continue
        low, high = 0, len(family) - 1
        while low < high:
            middle = (low + high) // 2
            if what_if.left(family[middle]) <= least:
                high = middle
            else:
                low = middle + 1
        found.append(Relaxation((family[low].change,), least))
    return found


def _of_clusters(what_if: WhatIf, families: Sequence[Family]) -> list[Relaxation]:
    """Everything that speaks against the nearest clusters, one cluster after the other, until all is placed."""
    steps: dict[Position, Step] = {}
    for family in families:
        for step in family:
            for position in step.lifts:
                # The first step of a family that lifts it is the smallest.
                steps.setdefault(position, step)
    nearest = []
    for i, by_filter in what_if.refusing.items():
        own = [steps[row, i, which] for row, reasons in by_filter.items() for which in range(len(reasons))]
        if own and len(own) + (i in what_if.short) <= _MOST_TOGETHER:
            nearest.append((len(own) + (i in what_if.short), i, own))
    nearest.sort(key=lambda item: item[:2])
    together: dict[object, Step] = {}
    best = what_if.missing
    found = []
    for _, i, own in nearest[: min(what_if.missing, _MOST_TOGETHER)]:
        if i in what_if.short:
            nodes = fewest_nodes(what_if, i)
            if nodes is None:
                continue
            more = node_step(what_if, nodes)
            together[more.change] = more
        together |= {step.change: step for step in own}
        if len(together) > _MOST_TOGETHER or what_if.trials >= MOST_TRIALS:
            break
        # As they are told, one edit after the other.
        ordered = sorted(together.values(), key=lambda step: (_RANK[step.change.constraint], str(step.change)))
        left = what_if.left(*ordered)
        if left < best:
            best = left
            found.append(Relaxation(tuple(step.change for step in ordered), left))
    return found
