"""Random values read off a string of bytes, one choice a byte.

Hypothesis draws the string as a whole and shrinks it byte by byte: a fleet costs half a millisecond instead of twenty,
as it would with a draw for every choice. And whoever needs no hypothesis may roll the bytes himself.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Dice:
    """Choices of which the first is the simplest: shrinking leads to it, and so does the end of the bytes."""

    def __init__(self, rolled: Iterable[int]) -> None:
        self._rolled = iter(rolled)

    def one(self, values: Sequence[T]) -> T:
        """One of some values; whoever is named twice comes twice as often."""
        return values[next(self._rolled, 0) % len(values)]

    def number(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return low + next(self._rolled, 0) % (high - low + 1)

    def some(self, values: Iterable[T], odds: Sequence[bool] = (False, True)) -> list[T]:
        """Each of some values or not, in order."""
        return [value for value in values if self.one(odds)]

    def part(self, size: int) -> "Dice":
        """The next bytes, for something that may leave some of them: what comes after it stays as it is."""
        return Dice(bytes(islice(self._rolled, size)))


@st.composite
def rolled(draw: st.DrawFn, size: int, make: Callable[[Dice], T]) -> T:
    """What is made of so many bytes."""
    return make(Dice(draw(st.binary(min_size=size, max_size=size))))
