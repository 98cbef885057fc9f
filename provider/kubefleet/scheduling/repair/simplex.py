"""Simplex: the most of several goals, one after the other, under linear limits; the plain tableau method.

In floating point, because what comes of it is a hint only. It is the same on every machine all the same: nothing is
summed up by libraries, and every single operation is rounded as IEEE 754 says.
"""

import numpy as np
from numpy.typing import NDArray

_SMALL = 1e-9


def maximize(
    rows: NDArray[np.float64], limits: NDArray[np.float64], goals: NDArray[np.float64], most_pivots: int
) -> NDArray[np.float64]:
    """Values x >= 0 with rows · x <= limits (none below zero) that have the most of the first goal, of these the most
    of the second, and so on; or what is reached after so many pivots. Each pivot costs rows × columns.
    """
    many, columns = rows.shape
    table = np.zeros((many + len(goals), columns + 1))
    table[:many, :-1], table[:many, -1], table[many:, :-1] = rows, limits, -goals
    outside, inside = np.arange(columns), np.arange(columns, columns + many)
    for _ in range(most_pivots):
        enters = _entering(table[many:, :-1])
        if enters < 0:
            break
        column = table[:many, enters]
        steps = np.full(many, np.inf)
        np.divide(table[:many, -1], column, out=steps, where=column > _SMALL)
        leaves = int(steps.argmin()) if many else 0
        if not many or not np.isfinite(steps[leaves]):
            break
        _pivot(table, leaves, enters)
        outside[enters], inside[leaves] = inside[leaves], outside[enters]
    values = np.zeros(columns + many)
    values[inside] = table[:many, -1]
    return values[:columns]


def _entering(goals: NDArray[np.float64]) -> int:
    """The column that brings most for the first goal that any helps, and harms none before it; −1 if none does."""
    harmless = np.ones(goals.shape[1], dtype=np.bool_)
    for goal in goals:
        gains = np.where(harmless, -goal, 0.0)
        best = int(gains.argmax()) if len(gains) else 0
        if len(gains) and gains[best] > _SMALL:
            return best
        harmless &= goal <= _SMALL
    return -1


def _pivot(table: NDArray[np.float64], leaves: int, enters: int) -> None:
    pivot, column = table[leaves, enters], table[:, enters].copy()
    row = table[leaves] / pivot
    table -= np.multiply.outer(column, row)
    table[leaves], table[:, enters] = row, -column / pivot
    table[leaves, enters] = 1 / pivot
