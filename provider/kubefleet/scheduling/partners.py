"""Partners: a placement that others need beside it looks ahead, for clusters where they can be too."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from kubefleet.model.affinity import CLUSTER, Affinity
from kubefleet.model.policy import Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.filters.affinity import AFFINITY
from kubefleet.scheduling.funnel import run_filters
from kubefleet.scheduling.neighbours import Neighbours
from kubefleet.scheduling.protocols import Mask
from kubefleet.scheduling.search import Want

Beside = tuple[Request, ...]
"""Placements that would be on the same cluster, each with its share."""

_FEW = 8
_LOOKED_AT = 16
"""A look at who needs whom goes no further than so many placements: in a circle of needs there are as many ways on as
orders of its members.
"""


@dataclass(frozen=True, slots=True)
class Partners:
    """Looks ahead for one plan."""

    cycle: Cycle
    neighbours: Neighbours

    def wants(self, request: Request, chosen: Sequence[int]) -> list[tuple[Want, ...]]:
        """For each placement that needs this one and is still to be decided, what it would have the picks be: the best
        first, then what is better than nothing. Where those that are `chosen` will do, nothing else is looked at.
        """
        if request.name not in self.neighbours.ties.units:
            return []
        here = np.zeros(len(self.cycle.columns), dtype=np.bool_)
        here[list(chosen)] = True
        everywhere = self.cycle.columns.everywhere()
        wants: list[tuple[Want, ...]] = []
        together: Beside = (request,)
        for other in self._needers(request):
            rules = self._rules(other, request)
            alone = self.possible(other, (), {request.name}, everywhere)
            if not rules or any(
                (self.neighbours.met_without(other, rule, request.name) & alone).any() for rule in rules
            ):
                continue
            beside = together if all(rule.key == CLUSTER for rule in rules) else ()
            count = min(_number(other), _number(request)) if beside else 1
            quick = beside and not self._needers(other)
            fine = self._hold((*beside, other), alone & here) if quick else here & False
            if quick and int(fine.sum()) >= count:
                wants.append((Want(fine, count),))
                together = (*together, other)
                continue
            tries = [self.possible(other, beside, {request.name}, everywhere), alone]
            wants.append(tuple(Want(self._around(mask, rules, _number(other)), count) for mask in tries))
            together = (*together, other) if beside else together
        return [*wants, *self._waiting(request)]

    def _waiting(self, request: Request) -> list[tuple[Want, ...]]:
        """Those of its own cycle that are decided already, and stand where they need this one."""
        found: list[tuple[Want, ...]] = []
        for name in self.neighbours.ties.cycles.get(request.name, ()):
            other = self.neighbours.request(name)
            if name == request.name or name in self.neighbours.undecided:
                continue
            for rule in self._rules(other, request):
                lonely = self.neighbours.stands(name) & ~self.neighbours.met(other, rule)
                if lonely.any():
                    count = int(lonely.sum()) if rule.key == CLUSTER else 1
                    among = self.neighbours.domain(lonely, rule.key)
                    found.append((Want(among, min(count, _number(request))), Want(among, 1)))
        return found

    def hoped(self, request: Request) -> dict[Affinity, Mask]:
        """By rule, where others of the same cycle of needs, which are still to be decided, could be beside it; as far
        as it stands there or could come itself.
        """
        found: dict[Affinity, Mask] = {}
        members = frozenset(self.neighbours.ties.cycles.get(request.name, ()))
        open_to_it = self._open(request) | self.neighbours.stood(request.name)
        for rule in request.policy.affinity:
            names = members.intersection(self.neighbours.members[rule.placements])
            for other in self._undecided(sorted(names - {request.name})) if rule.required else ():
                here = found.get(rule)
                lacking = open_to_it if here is None else open_to_it & ~here
                if not lacking.any():
                    break
                beside: Beside = (request,) if rule.key == CLUSTER else ()
                among = self.neighbours.domain(lacking, rule.key)
                could = self.possible(other, beside, {request.name}, among)
                mask = self.neighbours.domain(could, rule.key)
                found[rule] = mask if here is None else here | mask
        return found

    def possible(self, request: Request, beside: Beside, seen: set[str], among: Mask) -> Mask:
        """Where of some clusters a placement could be if those that it needs came there too: all filters but affinity
        pass, it has room beside others, and so have those that need it in turn. Whoever was `seen` is not looked at
        again.
        """
        seen.add(request.name)
        passed = self._open(request) & among
        together = (*beside, request)
        if beside:
            passed = self._hold(together, passed)
        for other in self._needers(request):
            if other.name in seen or len(seen) >= _LOOKED_AT:
                continue
            rules = self._rules(other, request)
            same = together if all(rule.key == CLUSTER for rule in rules) else ()
            near = [self.neighbours.domain(passed, rule.key) for rule in rules]
            mask = self._around(self.possible(other, same, seen, np.logical_or.reduce(near)), rules, 1)
            if (passed & mask).any():
                passed = passed & mask
        return passed

    def _open(self, request: Request) -> Mask:
        """Where all filters pass it but affinity to those that are still to be decided."""
        passed = run_filters(self.cycle, request, but=AFFINITY).passed
        self.neighbours.look_again(request.name)
        for rule in request.policy.affinity:
            undecided = self.neighbours.undecided.intersection(self.neighbours.members[rule.placements])
            if rule.required and not undecided - {request.name}:
                passed = passed & self.neighbours.met(request, rule)
        return passed

    def _hold(self, together: Beside, among: Mask) -> Mask:
        """Which of some clusters have room for a share of each; all, where room binds none of them."""
        places = np.flatnonzero(among)
        if not len(places) or not any(map(_bound_by_room, together)):
            return among
        demands = [
            (work.pod, np.maximum(_share(request, work) - self.cycle.held_by(request, work, places), 0))
            for request in together
            for work in request.workloads
        ]
        fits = among.copy()
        fits[places] = self.cycle.ledger.holds(places, demands)
        return fits

    def _needers(self, request: Request) -> list[Request]:
        """The first few that need a placement and are still to be decided: a hundred that need any of a hundred would
        otherwise take as long as their product.
        """
        needers, undecided = self.neighbours.needers(request.name), self.neighbours.undecided
        return list(islice((other for other in needers if other.name in undecided), _FEW))

    def _undecided(self, names: Sequence[str]) -> list[Request]:
        return self.neighbours.ranked([name for name in names if name in self.neighbours.undecided])

    def _rules(self, request: Request, needed: Request) -> list[Affinity]:
        """The required affinities of a placement that speak of another."""
        members = self.neighbours.members
        return [rule for rule in request.policy.affinity if rule.required and needed.name in members[rule.placements]]

    def _around(self, mask: Mask, rules: Sequence[Affinity], number: int) -> Mask:
        """Clusters in whose domain (of every rule) are as many as are wanted, or else any."""
        around = self.cycle.columns.everywhere()
        for rule in rules:
            around = around & self.neighbours.domain(self._enough(mask, rule.key, number), rule.key)
        return around

    def _enough(self, mask: Mask, key: str, number: int) -> Mask:
        """Those that stand in a domain with so many of them; all, where there is no such domain."""
        if key == CLUSTER:
            return mask
        codes, values = self.cycle.columns.domains(key)
        counts = np.bincount(codes[mask & (codes >= 0)], minlength=len(values) + 1)
        enough: Mask = mask & (counts[codes] >= number)
        return enough if enough.any() else mask


def _number(request: Request) -> int:
    """How many clusters a placement asks for."""
    if request.policy.type is PolicyType.PICK_N:
        return request.policy.number
    return len(request.policy.names) if request.policy.type is PolicyType.PICK_FIXED else 1000


def _bound_by_room(request: Request) -> bool:
    """Whether a placement stays away from where it has no room: that is more than a warning."""
    kind = request.policy.type
    binds = kind is PolicyType.PICK_N or (kind is PolicyType.PICK_ALL and request.divides)
    return binds and request.policy.fit is Fit.FILTER


def _share(request: Request, work: Workload) -> int:
    """Pods of a workload that one of its clusters would have."""
    if request.divided is None or not work.divisible:
        return work.replicas
    over = request.policy.number if request.policy.type is PolicyType.PICK_N else work.replicas
    return -(-work.replicas // max(1, over))
