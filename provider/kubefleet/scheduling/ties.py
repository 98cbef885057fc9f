"""Ties: placements that a required affinity binds together are planned as a unit, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from kubefleet.model.affinity import PlacementSelector
from kubefleet.model.policy import PolicyType
from kubefleet.model.request import Request


@dataclass(frozen=True, slots=True)
class Ties:
    """By placement: those that it needs, those that need it, all of its unit, and the cycle of needs that it is part
    of; each sorted, and given only where there are any.
    """

    needs: Mapping[str, tuple[str, ...]]
    needed_by: Mapping[str, tuple[str, ...]]
    units: Mapping[str, tuple[str, ...]]
    cycles: Mapping[str, tuple[str, ...]]

    def circle(self, name: str) -> str:
        """A cycle of needs in words, from its first placement on: `a -> b -> a`."""
        members = frozenset(self.cycles[name])
        told = [min(members)]
        while told[-1] not in told[:-1]:
            told.append(next(other for other in self.needs[told[-1]] if other in members))
        return " -> ".join(told[told.index(told[-1]) :])


def find_ties(requests: Sequence[Request], members: Mapping[PlacementSelector, Sequence[str]]) -> Ties:
    """The ties of a plan's placements among one another, by whom each selector means."""
    needs: dict[str, tuple[str, ...]] = {}
    for request in sorted([request for request in requests if request.policy.affinity], key=attrgetter("name")):
        found = {
            name
            for rule in request.policy.affinity
            if rule.required
            for name in members[rule.placements]
            if name != request.name
        }
        if found:
            needs[request.name] = tuple(sorted(found))
    circles = _cycles(needs)
    for request in requests:
        # On named clusters an affinity only warns: of those that need him such a one waits for nobody.
        if request.policy.type is PolicyType.PICK_FIXED and request.name in circles:
            others = tuple(name for name in needs.pop(request.name) if name not in circles[request.name])
            needs |= {request.name: others} if others else {}
    needed_by: dict[str, list[str]] = {}
    for name in sorted(needs):
        for other in needs[name]:
            needed_by.setdefault(other, []).append(name)
    back = {name: tuple(names) for name, names in needed_by.items()}
    return Ties(needs, back, _units(needs, back), _cycles(needs))


def _units(needs: Mapping[str, Sequence[str]], back: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """All that are tied, directly or by others."""
    units: dict[str, tuple[str, ...]] = {}
    for start in sorted({*needs, *back}):
        if start in units:
            continue
        found, waiting = {start}, [start]
        while waiting:
            name = waiting.pop()
            for other in (*needs.get(name, ()), *back.get(name, ())):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        units |= dict.fromkeys(found, tuple(sorted(found)))
    return units


def _cycles(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Placements that need one another in a circle: the strongly connected components of more than one (Tarjan, without
    recursion).
    """
    cycles: dict[str, tuple[str, ...]] = {}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for start in sorted(needs):
        waiting = [] if start in number else [(start, iter(needs[start]))]
        while waiting:
            name, others = waiting[-1]
            if name not in number:
                number[name] = low[name] = len(number)
                path.append(name)
                on_path.add(name)
            unseen = None
            for other in others:
                if other not in number:
                    unseen = other
                    break
                if other in on_path:
                    low[name] = min(low[name], number[other])
            if unseen is not None:
                waiting.append((unseen, iter(needs.get(unseen, ()))))
                continue
            waiting.pop()
            if waiting:
                low[waiting[-1][0]] = min(low[waiting[-1][0]], low[name])
            if low[name] == number[name]:
                part = path[path.index(name) :]
                del path[path.index(name) :]
                on_path -= set(part)
                if len(part) > 1:
                    cycles |= dict.fromkeys(part, tuple(sorted(part)))
    return cycles
