"""What every benchmark returns: rows as `bench.json` has them; some have a goal."""

from collections.abc import Iterable
from typing import Literal, NotRequired, TypedDict

Better = Literal["lower", "higher"]


class Row(TypedDict):
    """One figure. `size` says in words what it was measured on; `goal` is the worst value that is good enough."""

    name: str
    value: float
    unit: str
    better: Better
    size: str
    goal: NotRequired[float]


def make_row(
    name: str, value: float, unit: str, size: str, *, better: Better = "lower", goal: float | None = None
) -> Row:
    """A row, its figures rounded to three places."""
    row = Row(name=name, value=round(value, 3), unit=unit, better=better, size=size)
    if goal is not None:
        row["goal"] = round(goal, 3)
    return row


def missed(row: Row) -> bool:
    """Whether the row has a goal and is worse."""
    if "goal" not in row:
        return False
    return row["value"] > row["goal"] if row["better"] == "lower" else row["value"] < row["goal"]


def without_goal(row: Row) -> dict[str, object]:
    """The row as `bench.json` has it."""
    return {key: value for key, value in row.items() if key != "goal"}


def as_table(rows: Iterable[Row]) -> str:
    """One line a row, columns aligned; a goal that is missed says so."""
    lines = [(row["name"], row["size"], f"{row['value']:g}", row["unit"], _goal(row)) for row in rows]
    widths = [max((len(line[column]) for line in lines), default=0) for column in range(4)]
    return "".join(
        f"{name:{widths[0]}}  {size:{widths[1]}}  {value:>{widths[2]}} {unit:{widths[3]}}  {goal}".rstrip() + "\n"
        for name, size, value, unit, goal in lines
    )


def _goal(row: Row) -> str:
    if "goal" not in row:
        return ""
    bound = "at most" if row["better"] == "lower" else "at least"
    return f"goal: {bound} {row['goal']:g}{', MISSED' if missed(row) else ''}"
