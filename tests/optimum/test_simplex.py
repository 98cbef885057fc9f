"""The simplex method of repair's relaxation, compared with a library's."""

from random import Random

import highspy
import numpy as np
import pytest

from kubefleet.scheduling.repair.simplex import maximize

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("seed", range(30))
def test_it_finds_the_most_of_one_goal_after_the_other(seed: int) -> None:
    random = Random(seed)
    columns, many = random.randint(1, 12), random.randint(1, 10)
    rows = [[random.choice((0, 0, 1, 2, 5)) for _ in range(columns)] for _ in range(many)]
    rows.append([1] * columns)
    limits = [random.randint(0, 20) for _ in rows]
    goals = [[random.randint(0, 3) for _ in range(columns)] for _ in range(3)]
    found = maximize(np.array(rows, float), np.array(limits, float), np.array(goals, float), 1000)
    assert (found >= -1e-9).all()
    assert (np.array(rows) @ found <= np.array(limits) + 1e-6).all()
    assert np.array(goals) @ found == pytest.approx(_most(rows, limits, goals), abs=1e-5)


def _most(rows: list[list[int]], limits: list[int], goals: list[list[int]]) -> list[float]:
    solver = highspy.Highs()
    solver.silent()
    columns = list(range(len(goals[0])))
    for _ in columns:
        solver.addCol(0.0, 0.0, highspy.kHighsInf, 0, [], [])
    for row, limit in zip(rows, limits, strict=True):
        solver.addRow(-highspy.kHighsInf, limit, len(columns), columns, [float(value) for value in row])
    found = []
    for goal in goals:
        for column, value in zip(columns, goal, strict=True):
            solver.changeColCost(column, -float(value))
        solver.run()
        found.append(-solver.getInfo().objective_function_value)
        solver.addRow(found[-1] - 1e-7, highspy.kHighsInf, len(columns), columns, [float(value) for value in goal])
    return found
