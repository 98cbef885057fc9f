"""The trail of a decision, complete but made only where somebody looks: a plan has placements × clusters reasons."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import overload

import numpy as np

from kubefleet.model.decision import Candidate, Score
from kubefleet.model.reason import Reason
from kubefleet.scheduling.protocols import Numbers, Scorer, Scores


class Refusals(Mapping[str, tuple[Reason, ...]]):
    """Reasons by cluster, sorted as `names` and `clusters` are. Compares and prints like a dict of the same content;
    never changes.
    """

    __slots__ = ("_made", "_names", "_places", "_why")

    def __init__(self, names: Sequence[str], clusters: Numbers, why: Callable[[int], tuple[Reason, ...]]) -> None:
        self._names, self._why = names, why
        self._places = clusters
        self._made: dict[str, tuple[Reason, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Reason, ...]:
        if name not in self._made:
            place = bisect_left(self._names, name)
            row = int(np.searchsorted(self._places, place))
            if row == len(self._places) or self._names[self._places[row]] != name:
                raise KeyError(name)
            self._made[name] = self._why(place)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (self._names[place] for place in self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return repr(dict(self))


class Ranking(Sequence[Candidate]):
    """Candidates with their scores, sorted by cluster. Compares like a tuple of the same content; never changes."""

    __slots__ = ("_names", "_places", "_scorers", "_values")

    def __init__(
        self, names: Sequence[str], clusters: Numbers, scorers: Sequence[Scorer], values: Sequence[Scores]
    ) -> None:
        self._names, self._places, self._scorers = names, clusters, tuple(scorers)
        self._values = tuple(values)

    @overload
    def __getitem__(self, which: int) -> Candidate: ...
    @overload
    def __getitem__(self, which: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, which: int | slice) -> Candidate | tuple[Candidate, ...]:
        if isinstance(which, slice):
            return tuple(self[place] for place in range(*which.indices(len(self))))
        place = self._places[which]
        scores = (
            Score(scorer.name, int(value[place]), int(value[place]) * scorer.weight)
            for scorer, value in zip(self._scorers, self._values, strict=True)
        )
        return Candidate(self._names[place], tuple(scores))

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Reasons(Sequence[Reason]):
    """Reasons in a row. Compares and prints like a tuple of the same content; never changes."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[Reason, ...]]) -> None:
        self._make = make
        self._made: tuple[Reason, ...] | None = None

    @overload
    def __getitem__(self, which: int) -> Reason: ...
    @overload
    def __getitem__(self, which: slice) -> tuple[Reason, ...]: ...
    def __getitem__(self, which: int | slice) -> Reason | tuple[Reason, ...]:
        return self._all()[which]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> tuple[Reason, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made
