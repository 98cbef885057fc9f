"""Regroup: picks that break a rule about the whole choice are picked again so that all rules hold."""

from collections.abc import Sequence

import numpy as np

from kubefleet.model.affinity import CLUSTER
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.funnel import Funnel
from kubefleet.scheduling.groups import Groups, Lack, Rules
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.pick import Picked, spread_binds
from kubefleet.scheduling.search import Limit, Search, Want

_WHY = "spread groups"
_NO_RULES = Rules((), 0, None)


def regroup(
    cycle: Cycle,
    request: Request,
    funnel: Funnel,
    kept: Kept,
    picked: Picked,
    rules: Rules | None,
    wants: Sequence[tuple[Want, ...]] = (),
) -> None:
    """Change the picks so that rules hold, and of each want the first alternative that costs no copy. Where the rules
    cannot hold, nothing is added. What stands stays, but for an edited policy (or fewer clusters), which it has to
    keep too.
    """
    groups = Groups(cycle.columns, rules or _NO_RULES, picked.chosen)
    held = groups.hold()
    if held and all(_met(tries[0], picked.chosen) for tries in wants):
        picked.wants = tuple(tries[0] for tries in wants)
        return
    stays = [i for i in picked.chosen if i not in picked.added]
    movable = [] if held or not (kept.edited or picked.dropped) else [*stays, *picked.dropped]
    fixed = [] if movable else stays
    ranked = _ranked(funnel, kept, picked, movable)
    for i in picked.chosen if movable else picked.added:
        picked.domains.add(i, -1)
        groups.add(i, -1)
    number = request.policy.number if request.policy.type is PolicyType.PICK_N else len(cycle.columns)
    number = number if groups.most is None else min(number, groups.most)
    search = Search(groups, fixed, ranked, _limit(cycle, request, picked))
    found = search.most(max(0, number - len(fixed)))
    if found is None:
        picked.lacks = _lacks(groups, [*fixed, *ranked])
        # What was put up for choice stays too: there is nothing to choose.
        picked.added, picked.chosen = [], sorted([*stays, *([] if request.divides else kept.released)])
        return
    for want in (want for tries in wants for want in tries):
        better = search.exactly(len(found), (*picked.wants, want))
        if better is not None:
            found, picked.wants = better, (*picked.wants, want)
    picked.domains.add_all(found)
    picked.added = [i for i in found if i not in movable]
    picked.chosen = sorted([*fixed, *found])
    picked.dropped |= {i: picked.dropped.get(i, _WHY) for i in sorted(movable)}
    for i in found:
        picked.dropped.pop(i, None)


def _met(want: Want, chosen: Sequence[int]) -> bool:
    return int(want.among[list(chosen)].sum()) >= want.count


def _ranked(funnel: Funnel, kept: Kept, picked: Picked, movable: Sequence[int]) -> list[int]:
    """What stands first, then what was picked; then others by score."""
    first = [*movable, *picked.added]
    others = funnel.passed.copy()
    others[[*first, *kept.stays, *picked.seatless]] = False
    return [*first, *picked.by_score(np.flatnonzero(others)).tolist()]


def _limit(cycle: Cycle, request: Request, picked: Picked) -> Limit | None:
    if not spread_binds(request):
        return None
    keys = [spread.key for spread in request.policy.topology_spread if spread.hard]
    return Limit(picked.domains.allows, picked.domains.add, tuple(cycle.columns.domains(key)[0] for key in keys))


def _lacks(groups: Groups, clusters: Sequence[int]) -> tuple[Lack, ...]:
    """Minimums that no choice reaches; where each is reached by some, but not all at once, all of them."""
    there = [len(set(codes[list(clusters)].tolist()) - {-1}) for codes in groups.codes]
    minimums = [Lack(rule.key, rule.min_groups, count) for rule, count in zip(groups.rules, there, strict=True)]
    minimums.append(Lack(CLUSTER, groups.least, len(clusters)))
    return tuple(lack for lack in minimums if lack.found < lack.least) or tuple(
        lack for lack in minimums if lack.least > 1
    )
