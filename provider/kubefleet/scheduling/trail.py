"""The trail of a decision, complete but made only where somebody looks: a plan has placements × clusters reasons."""

from bisect import bisect_left
from collections.abc import Callable, Collection, ItemsView, Iterator, Mapping, Sequence, ValuesView
from typing import TypeVar, overload

import numpy as np

from kubefleet.model.decision import Candidate, Score
from kubefleet.model.reason import Reason
from kubefleet.scheduling.protocols import Mask, Scorer, Scores

T = TypeVar("T")


class Refusals(Mapping[str, tuple[Reason, ...]]):
    """Reasons of all clusters but those `on` which something is, sorted as `names` are. Compares and prints like a dict
    of the same content; never changes.
    """

    __slots__ = ("_made", "_names", "_on", "_why")

    def __init__(self, names: Sequence[str], on: Collection[int], why: Callable[[int], tuple[Reason, ...]]) -> None:
        self._names, self._on, self._why = names, on, why
        self._made: dict[str, tuple[Reason, ...]] | None = None

    def __getitem__(self, name: str) -> tuple[Reason, ...]:
        if self._made is None:
            self._made = {}
        if name not in self._made:
            place = bisect_left(self._names, name)
            if place == len(self._names) or self._names[place] != name or place in self._on:
                raise KeyError(name)
            self._made[name] = self._why(place)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (name for place, name in enumerate(self._names) if place not in self._on)

    def __len__(self) -> int:
        return len(self._names) - len(self._on)

    def items(self) -> ItemsView[str, tuple[Reason, ...]]:
        """As of any mapping. Whoever wants them all wants them again."""
        return self._all().items()

    def values(self) -> ValuesView[tuple[Reason, ...]]:
        """As of any mapping."""
        return self._all().values()

    def _all(self) -> dict[str, tuple[Reason, ...]]:
        if self._made is None or len(self._made) < len(self):
            # Sorted, whoever was asked about before.
            self._made = {name: self[name] for name in self}
        return self._made

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return repr(dict(self))


class Ranking(Sequence[Candidate]):
    """Candidates with their scores, sorted by cluster: those that `passed`, and those `on` which something is anyway.
    Compares like a tuple of the same content; never changes.
    """

    __slots__ = ("_names", "_on", "_passed", "_scorers", "_values")

    def __init__(
        self,
        names: Sequence[str],
        passed: Mask,
        on: Collection[int],
        scorers: Sequence[Scorer],
        values: Callable[[], Sequence[Scores]],
    ) -> None:
        self._names, self._passed, self._on = names, passed, on
        self._scorers, self._values = tuple(scorers), values

    @overload
    def __getitem__(self, which: int) -> Candidate: ...
    @overload
    def __getitem__(self, which: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, which: int | slice) -> Candidate | tuple[Candidate, ...]:
        if isinstance(which, slice):
            return tuple(map(self._candidate, self._places()[which]))
        return self._candidate(self._places()[which])

    def __iter__(self) -> Iterator[Candidate]:
        return map(self._candidate, self._places())

    def __len__(self) -> int:
        return len(self._places())

    def _places(self) -> list[int]:
        there = self._passed.copy()
        there[list(self._on)] = True
        places: list[int] = np.flatnonzero(there).tolist()
        return places

    def _candidate(self, place: int) -> Candidate:
        scores = (
            Score(scorer.name, int(value[place]), scorer.weight)
            for scorer, value in zip(self._scorers, self._values(), strict=True)
        )
        return Candidate(self._names[place], tuple(scores))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Lazily(Sequence[T]):
    """Things in a row. Compares and prints like a tuple of the same content; never changes."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[T, ...]]) -> None:
        self._make = make
        self._made: tuple[T, ...] | None = None

    @overload
    def __getitem__(self, which: int) -> T: ...
    @overload
    def __getitem__(self, which: slice) -> tuple[T, ...]: ...
    def __getitem__(self, which: int | slice) -> T | tuple[T, ...]:
        return self._all()[which]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> tuple[T, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made
