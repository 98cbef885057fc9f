"""Neighbours: where the placements stand that affinities speak of, while one plan is made.

A placement that is not decided yet stands where it stood before; one that is, where it was decided to. For
anti-affinity it also still stands where it moves away from: source and destination are both occupied until the move is
done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubefleet.model.affinity import CLUSTER, Affinity, PlacementSelector
from kubefleet.model.decision import MoveReason
from kubefleet.model.request import Request
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Mask, Numbers
from kubefleet.scheduling.residents import Residents
from kubefleet.scheduling.ties import find_ties

_MOST_MASKS = 64
"""So many are remembered."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An anti-affinity as others are bound by it: theirs who bear it, and of whom it speaks."""

    affinity: Affinity
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why a binding leaves: the declared reason, and the figures (a taint, an expression)."""

    reason: MoveReason
    why: str = ""


@dataclass(frozen=True, slots=True)
class Hope:
    """Of a placement in a cycle of needs: by rule where it will be met once the others have come, and where something
    new may stand at all (None is everywhere). `cycle` is told where nothing may.
    """

    met: Mapping[Affinity, Mask] = field(default_factory=dict)
    allowed: Mask | None = None
    cycle: str = ""

    def applied(self, rule: Affinity, met: Mask, stood: Mask) -> Mask:
        """Where the rule counts as met, if it is met there as things stand."""
        hoped = met | self.met[rule] if rule in self.met else met
        return hoped if self.allowed is None else hoped & (self.allowed | stood)


@dataclass(slots=True)
class View:
    """What affinities say of all clusters for one placement, when it is decided: by rule where it is met (`beside`) or
    broken (`against`, of the placement's own; `refusing`, of others), and the sum of the preferences. `cycle` names the
    placements that need one another in a circle, and could not be placed together.
    """

    beside: list[tuple[Affinity, Mask]] = field(default_factory=list)
    against: list[tuple[Affinity, Mask]] = field(default_factory=list)
    refusing: list[tuple[Rule, Mask]] = field(default_factory=list)
    score: Numbers | None = None
    cycle: str = ""


class Neighbours:
    """Counts of placements per selector and cluster, changed as placements are decided."""

    def __init__(self, columns: Columns, requests: Sequence[Request]) -> None:
        self.columns = columns
        self.residents = Residents(columns, requests)
        self.undecided = {request.name for request in requests}
        self._requests = {request.name: request for request in requests}
        self._nowhere = np.zeros(len(columns), dtype=np.int64)
        self._views: dict[str, View] = {}
        self._begun: Mapping[str, Sequence[int]] = {}
        self._stood: dict[str, Numbers] = {}
        self._stand: dict[str, Numbers] = {}
        self._taken: dict[str, Numbers] = {}
        self._left: dict[str, Mapping[int, Leaving]] = {}
        self._hopes: dict[str, Hope] = {}
        self._near_any: dict[tuple[int, str], tuple[Numbers, Mask]] = {}
        self._needers: dict[str, Sequence[Request]] = {}
        self._index(requests)
        self.ties = find_ties(requests, self.members)

    def begin(self, standing: Mapping[str, Sequence[int]]) -> None:
        """Where placements stand before the plan, by name: those of which it counts."""
        known = {name: self._mask(places) for name, places in sorted(standing.items())}
        self._stood, self._stand, self._taken = known, dict(known), dict(known)
        self._begun = standing
        for name, mask in known.items():
            self._count(name, mask, mask, 1)

    def _index(self, requests: Sequence[Request]) -> None:
        """Selectors with their members; and rules of anti-affinity by those they speak of."""
        owners: dict[Affinity, list[str]] = defaultdict(list)
        selectors: set[PlacementSelector] = set()
        for request in requests:
            policy = request.policy
            selectors |= {rule.placements for rule in (*policy.affinity, *policy.anti_affinity)}
            for rule in policy.anti_affinity:
                owners[rule].append(request.name)
        afar = self.residents.apart
        for rule, (bearers, _) in afar.items():
            owners[rule].extend(bearers)
            selectors.add(rule.placements)
        self.members = {selector: self.residents.members(selector) for selector in selectors}
        self._meant = {selector: frozenset(names) for selector, names in self.members.items()}
        self._beside = {selector: self.residents.foreign(selector) for selector in selectors}
        self._near = {selector: counts.copy() for selector, counts in self._beside.items()}
        self._meant_by = defaultdict[str, list[PlacementSelector]](list)
        for selector in sorted(selectors, key=lambda selector: (selector.names, selector.labels)):
            for name in self.members[selector]:
                self._meant_by[name].append(selector)
        self._rules = defaultdict[str, list[Rule]](list)
        self._bearers: dict[Affinity, Numbers] = {}
        for affinity, names in sorted(owners.items(), key=lambda item: item[1]):
            self._bearers[affinity] = self._mask(afar[affinity][1] if affinity in afar else ())
            for name in self.members[affinity.placements]:
                self._rules[name].append(Rule(affinity, tuple(sorted(names))))

    def counts(self, name: str) -> bool:
        """Whether it matters where a placement stands: most are nobody's neighbours."""
        return name in self._meant_by or bool(self._requests[name].policy.anti_affinity)

    def _mask(self, places: Iterable[int]) -> Numbers:
        mask = np.zeros(len(self.columns), dtype=np.int64)
        mask[list(places)] = 1
        return mask

    def _count(self, name: str, stand: Numbers, taken: Numbers, sign: int) -> None:
        for selector in self._meant_by.get(name, ()):
            self._beside[selector] = self._beside[selector] + sign * stand
            self._near[selector] = self._near[selector] + sign * taken
        for affinity in dict.fromkeys(self._requests[name].policy.anti_affinity):
            self._bearers[affinity] = self._bearers[affinity] + sign * taken

    def decided(self, name: str, places: Sequence[int], left: Mapping[int, Leaving]) -> None:
        """A placement stands on these clusters now, and has left others for a declared reason."""
        self.undecided.discard(name)
        self._left[name] = left
        if self.counts(name):
            if places == self._begun.get(name) and self._stand[name] is self._stood[name]:
                return
            stood, stand = self._stood.get(name, self._nowhere), self._mask(places)
            self._set(name, stand, np.maximum(stand, stood))

    def undo(self, name: str) -> None:
        """A placement is to be decided anew."""
        self.undecided.add(name)
        self.look_again(name)
        if self.counts(name):
            stood = self._stood.get(name, self._nowhere)
            self._set(name, stood, stood)

    def _set(self, name: str, stand: Numbers, taken: Numbers) -> None:
        self._count(name, self._stand.get(name, self._nowhere), self._taken.get(name, self._nowhere), -1)
        self._count(name, stand, taken, 1)
        self._stand[name], self._taken[name] = stand, taken

    def request(self, name: str) -> Request:
        """A placement of the plan by its name."""
        return self._requests[name]

    def ranked(self, names: Iterable[str]) -> list[Request]:
        """Placements by priority (high first), then name."""
        return sorted(map(self.request, names), key=lambda request: (-request.priority, request.name))

    def needers(self, name: str) -> Sequence[Request]:
        """Those that need a placement, decided or not, as `ranked`."""
        found = self._needers.get(name)
        if found is None:
            found = self._needers[name] = self.ranked(self.ties.needed_by.get(name, ()))
        return found

    def look_again(self, name: str) -> None:
        """What affinities say of a placement is asked anew."""
        self._views.pop(name, None)

    def hope(self, name: str, hope: "Hope | None") -> None:
        """What a placement may count on although it has not come true yet."""
        self._hopes.pop(name, None)
        if hope is not None:
            self._hopes[name] = hope

    def stands(self, name: str) -> Mask:
        """Where a placement of the plan stands."""
        return self._stand.get(name, self._nowhere) > 0

    def stood(self, name: str) -> Mask:
        """Where it stood before the plan."""
        return self._stood.get(name, self._nowhere) > 0

    def followed(self, rule: Affinity, i: int) -> tuple[str, Leaving] | None:
        """Who has left a cluster's domain in this plan for a declared reason, of those that a rule speaks of."""
        for name in self.members[rule.placements]:
            for place, leaving in sorted(self._left.get(name, {}).items()):
                there = np.zeros(len(self.columns), dtype=np.bool_)
                there[place] = True
                if self.domain(there, rule.key)[i]:
                    return name, leaving
        return None

    def domain(self, on: Mask, key: str) -> Mask:
        """All clusters of the domains in which some are. A cluster without the label is in none."""
        if key == CLUSTER:
            return on
        codes, values = self.columns.domains(key)
        hit = np.zeros(len(values) + 1, dtype=np.bool_)
        hit[codes[on]] = True
        hit[-1] = False
        found: Mask = hit[codes]
        return found

    def _around(self, counts: Numbers, key: str) -> Mask:
        """All clusters of the domains in which any are counted. Many ask about the same counts one after the other."""
        made = self._near_any.get((id(counts), key))
        if made is None:
            if len(self._near_any) > _MOST_MASKS:
                self._near_any.clear()
            # The counts are held too, so that no others can have their id.
            made = self._near_any[id(counts), key] = counts, self.domain(counts > 0, key)
        return made[1]

    def met(self, request: Request, rule: Affinity) -> Mask:
        """Where a rule of affinity is met as things stand."""
        return self._around(self._without(request, rule, self._beside, self._stand), rule.key)

    def met_without(self, request: Request, rule: Affinity, other: str) -> Mask:
        """As `met`, if another placement that the rule speaks of stood nowhere."""
        counts = self._without(request, rule, self._beside, self._stand)
        return self.domain(counts > self._stand.get(other, self._nowhere), rule.key)

    def met_with(self, request: Request, rule: Affinity, new: Mapping[str, Mask]) -> Mask:
        """As `met`, where some placements have of what is new to them only so much."""
        counts = self._without(request, rule, self._beside, self._stand)
        for name in sorted(set(new).intersection(self.members[rule.placements]) - {request.name}):
            counts = counts - (self.stands(name) & ~self.stood(name) & ~new[name])
        return self.domain(counts > 0, rule.key)

    def _without(
        self,
        request: Request,
        rule: Affinity,
        counts: Mapping[PlacementSelector, Numbers],
        own: Mapping[str, Numbers],
    ) -> Numbers:
        """Counts of a selector, less the placement's own part: it is not its own neighbour."""
        found = counts[rule.placements]
        if request.name in self._meant[rule.placements]:
            found = found - own.get(request.name, self._nowhere)
        return found

    def concerns(self, request: Request) -> bool:
        """Whether any affinity speaks of the placement, or is its own."""
        return bool(request.policy.affinity or request.policy.anti_affinity or request.name in self._rules)

    def view(self, request: Request) -> View:
        """What affinities say now; the same object until the placement is decided anew."""
        if request.name not in self._views:
            self._views[request.name] = self._look(request)
        return self._views[request.name]

    def _look(self, request: Request) -> View:
        view, total, hope = View(), self._nowhere, self._hopes.get(request.name)
        view.cycle = hope.cycle if hope else ""
        for rule in request.policy.affinity:
            met = self.met(request, rule)
            if rule.required:
                view.beside.append((rule, hope.applied(rule, met, self.stood(request.name)) if hope else met))
            else:
                total = total + rule.weight * met
        for rule in request.policy.anti_affinity:
            broken = self._around(self._without(request, rule, self._near, self._taken), rule.key)
            if rule.required:
                view.against.append((rule, broken))
            else:
                total = total - rule.weight * broken
        for theirs in self._rules.get(request.name, ()):
            bearers = self._bearers[theirs.affinity]
            if request.name in theirs.owners:
                bearers = bearers - self._taken.get(request.name, self._nowhere)
            broken = self._around(bearers, theirs.affinity.key)
            if theirs.affinity.required:
                view.refusing.append((theirs, broken))
            else:
                total = total - theirs.affinity.weight * broken
        if total is not self._nowhere:
            view.score = np.clip(total, -100, 100)
        return view
