"""A search for clusters that keep rules about the whole choice, where one after the other by score does not.

Depth first over kinds: clusters of the same groups and domains can stand for one another, the best of them goes first.
It ends with the first choice that keeps all rules, so with one close to the order given; or after so many steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubefleet.scheduling.groups import Groups
from kubefleet.scheduling.protocols import Mask, Numbers

_STEPS = 4000
"""How many steps a search may take beyond one for each cluster that it looks for."""


@dataclass(frozen=True, slots=True)
class Want:
    """At least `count` of the chosen clusters should be among some."""

    among: Mask
    count: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule that each single pick has to keep: whether a cluster may be next, what tells it (+1 or −1) of one, and
    codes of clusters that are alike to it.
    """

    allows: Callable[[int], bool]
    told: Callable[[int, int], None]
    codes: tuple[Numbers, ...]


class Search:
    """Looks among `ranked` clusters for additions to those that `groups` counts already and that `standing` names.

    Groups and the limit are left as they were.
    """

    def __init__(self, groups: Groups, standing: Sequence[int], ranked: Sequence[int], limit: Limit | None) -> None:
        self._groups, self._limit, self._standing = groups, limit, list(standing)
        self._ranked = list(ranked)
        self._steps = 0

    def most(self, number: int, wants: Sequence[Want] = ()) -> list[int] | None:
        """As many clusters as can be found, at most `number`; None where no number of them keeps the rules."""
        self._steps = _STEPS
        self._sort(wants)
        least = max(0, self._groups.least - self._groups.size)
        for target in range(min(number, self._bound()), least - 1, -1):
            found = self._find(target)
            if found is not None or self._steps <= 0:
                return found
        return None

    def exactly(self, number: int, wants: Sequence[Want]) -> list[int] | None:
        """So many clusters that also are as wanted, or None."""
        self._steps = _STEPS
        self._sort(wants)
        return self._find(number)

    def _sort(self, wants: Sequence[Want]) -> None:
        """Put clusters into kinds, by the order in which they are to be tried."""
        columns = [*self._groups.codes, *(want.among for want in wants), *(self._limit.codes if self._limit else ())]
        kinds: dict[tuple[int, ...], list[int]] = {}
        by_rank = [codes[self._ranked].tolist() for codes in columns]
        for place in range(len(self._ranked)):
            kinds.setdefault(tuple([codes[place] for codes in by_rank]), []).append(place)
        self._kinds = list(kinds.values())
        self._taken = [0] * len(self._kinds)
        self._excluded = [False] * len(self._kinds)
        self._wants = list(wants)
        self._have = [sum(bool(want.among[i]) for i in self._standing) for want in wants]

    def _first(self, kind: int) -> int:
        return self._ranked[self._kinds[kind][0]]

    def _find(self, target: int) -> list[int] | None:
        path: list[int] = []
        undo: list[list[int]] = [[]]
        found: list[int] | None = None
        budget = self._steps + target
        while found is None:
            budget -= 1
            kind = self._next(target - len(path), undo[-1]) if len(path) < target else None
            if len(path) == target and self._complete():
                found = [self._ranked[place] for place in sorted(self._places())]
            elif kind is not None:
                self._move(kind, 1)
                path.append(kind)
                undo.append([])
            elif not path or budget <= 0:
                break
            else:
                for other in undo.pop():
                    self._excluded[other] = False
                last = path.pop()
                self._move(last, -1)
                self._excluded[last] = True
                undo[-1].append(last)
        for kind in reversed(path):
            self._move(kind, -1)
        self._excluded = [False] * len(self._kinds)
        self._steps = min(self._steps, budget)
        return found

    def _places(self) -> list[int]:
        return [place for kind, places in enumerate(self._kinds) for place in places[: self._taken[kind]]]

    def _next(self, left: int, excluded: list[int]) -> int | None:
        """The best kind of which one more leads to where `left` are found, as far as one can see; kinds that do not are
        excluded from here on.
        """
        order = [
            (places[self._taken[kind]], kind)
            for kind, places in enumerate(self._kinds)
            if not self._excluded[kind] and self._taken[kind] < len(places)
        ]
        for _, kind in sorted(order):
            cluster = self._first(kind)
            if not self._groups.allows(cluster) or (self._limit is not None and not self._limit.allows(cluster)):
                continue
            self._move(kind, 1)
            promising = self._promising(left - 1)
            self._move(kind, -1)
            if promising:
                return kind
            self._excluded[kind] = True
            excluded.append(kind)
        return None

    def _move(self, kind: int, amount: int) -> None:
        cluster = self._first(kind)
        self._taken[kind] += amount
        self._groups.add(cluster, amount)
        for which, want in enumerate(self._wants):
            self._have[which] += amount * int(want.among[cluster])
        if self._limit is not None:
            self._limit.told(cluster, amount)

    def _complete(self) -> bool:
        return self._groups.hold() and all(
            have >= want.count for have, want in zip(self._have, self._wants, strict=True)
        )

    def _promising(self, left: int) -> bool:
        """Whether each rule on its own could still hold with so many more."""
        rest = self._rest()
        for which, rule in enumerate(self._groups.rules):
            counts, codes = self._groups.counts[which], self._groups.codes[which]
            new = {int(codes[self._first(kind)]) for kind, _ in rest} - counts.keys() - {-1}
            missing = rule.min_groups - len(counts)
            if missing > min(left, len(new)):
                return False
        for want, have in zip(self._wants, self._have, strict=True):
            among = sum(count for kind, count in rest if want.among[self._first(kind)])
            if want.count - have > min(left, among):
                return False
        return left <= self._bound()

    def _rest(self) -> list[tuple[int, int]]:
        """Kinds of which some are left, with their numbers."""
        return [
            (kind, len(places) - self._taken[kind])
            for kind, places in enumerate(self._kinds)
            if not self._excluded[kind] and self._taken[kind] < len(places)
        ]

    def _bound(self) -> int:
        """How many more the maximums of groups allow at most, each on its own."""
        rest = self._rest()
        bound = sum(count for _, count in rest)
        for which, rule in enumerate(self._groups.rules):
            if rule.max_groups is None:
                continue
            counts, codes = self._groups.counts[which], self._groups.codes[which]
            by_group: dict[int, int] = {}
            for kind, count in rest:
                code = int(codes[self._first(kind)])
                by_group[code] = by_group.get(code, 0) + count
            used = sum(count for code, count in by_group.items() if code in counts)
            others = sorted((count for code, count in by_group.items() if code not in counts), reverse=True)
            bound = min(bound, used + sum(others[: max(0, rule.max_groups - len(counts))]))
        return bound
