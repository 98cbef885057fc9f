"""Relaxation: where seats would be if they could be split, and nodes filled to the last byte: a linear program."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from immutabledict import immutabledict

from kubefleet.scheduling.repair.board import Board
from kubefleet.scheduling.repair.simplex import maximize

ALMOST = 1e-6
"""Less than this is nothing."""
_MOST_CELLS = 400_000
"""Rows × columns of a program: with more it would be felt."""
_PIVOTS_A_ROW = 20

Place = tuple[int, int]
"""A player and a cluster."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is decided already: at most so many seats at each place (elsewhere none), places that get theirs before
    everybody else, the most pods of a priority, and the percentage of every node that counts.
    """

    caps: Mapping[Place, int]
    first: frozenset[Place] = frozenset()
    most: Mapping[int, int] = immutabledict()
    usable: int = 100


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Seats by place, and the pods that they are, by priority (the highest first)."""

    seats: Mapping[Place, float]
    pods: tuple[float, ...]


@dataclass(slots=True)
class _Program:
    """Columns with the place that each is about (None for what only limits), and rows: what each column takes of how
    much.
    """

    places: list[Place | None] = field(default_factory=list)
    at: dict[Place, list[int]] = field(default_factory=dict)
    rows: list[dict[int, float]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def column(self, place: Place | None) -> int:
        self.places.append(place)
        if place is not None:
            self.at.setdefault(place, []).append(len(self.places) - 1)
        return len(self.places) - 1

    def row(self, takes: dict[int, float], limit: float) -> None:
        if takes:
            self.rows.append(takes)
            self.limits.append(max(0.0, limit))


def relaxed(board: Board, terms: Terms) -> Relaxed | None:
    """As many seats as possible: those that go first, then by priority. None where there are too many."""
    program = _Program()
    _add_nodes(program, board, terms)
    _add_players(program, board, terms)
    _add_spreads(program, board)
    _add_most(program, board, terms)
    if len(program.rows) * len(program.places) > _MOST_CELLS:
        return None
    table = np.zeros((len(program.rows), len(program.places)))
    for takes, row in zip(program.rows, table, strict=True):
        row[list(takes)] = list(takes.values())
    goals = np.zeros((1 + len(board.priorities), len(program.places)))
    for place, some in program.at.items():
        player = board.players[place[0]]
        goals[0, some] = place in terms.first
        goals[1 + board.priorities.index(player.priority), some] = player.weight
    values = maximize(table, np.array(program.limits), goals, _PIVOTS_A_ROW * len(table)).tolist()
    seats = {place: sum([values[j] for j in some]) for place, some in program.at.items()}
    pods = dict.fromkeys(board.priorities, 0.0)
    for (p, _), count in seats.items():
        pods[board.players[p].priority] += count * board.players[p].weight
    return Relaxed(seats, tuple(pods.values()))


def alone(board: Board) -> dict[Place, int]:
    """How many seats each player would have room for on each cluster with nobody else there."""
    before, board.seats = board.seats, [[0] * len(row) for row in board.seats]
    rooms = {(p, c): board.room(p, c, player.seats) for p, player in enumerate(board.players) for c in player.allowed}
    board.seats = before
    return rooms


def bound(board: Board) -> tuple[int, ...]:
    """Pods by priority of which no seats place more; nothing where the relaxation is too large."""
    terms = Terms(alone(board))
    for n, priority in enumerate(board.priorities):
        found = relaxed(board, terms)
        if found is None:
            return ()
        terms = replace(terms, most={**terms.most, priority: int(found.pods[n] + ALMOST)})
    return tuple(terms.most.values())


def _add_nodes(program: _Program, board: Board, terms: Terms) -> None:
    """A column for every place and group of alike nodes that take its pods; what they need of each resource."""
    for c, packing in enumerate(board.packings):
        here = [p for p in range(len(board.players)) if terms.caps.get((p, c))]
        if packing.nodes is None:
            for p in here:
                program.column((p, c))
        for (kind, free), count in Counter(packing.nodes).items():
            needs = {
                program.column((p, c)): [sum(pods.need[r] * pods.count for pods in item) for r in range(len(free))]
                for p in here
                for item in (board.players[p].item,)
                if all(pods.accepts[kind] and all(map(int.__le__, pods.need, free)) for pods in item)
            }
            for r, amount in enumerate(free):
                takes = {j: need[r] / (amount * count) for j, need in needs.items() if need[r]}
                program.row(takes, terms.usable / 100)


def _add_players(program: _Program, board: Board, terms: Terms) -> None:
    """What each wants in all, by cluster, and on how many clusters."""
    for p, player in enumerate(board.players):
        mine = {c: program.at[p, c] for c in player.allowed if (p, c) in program.at}
        program.row({j: 1.0 for some in mine.values() for j in some}, player.seats)
        for c, some in mine.items():
            if terms.caps[p, c] < player.seats:
                program.row(dict.fromkeys(some, 1.0), terms.caps[p, c])
        new = {c: some for c, some in mine.items() if not player.held[c]}
        if player.free_clusters < len(new):
            shares = {j: 1.0 / min(terms.caps[p, c], player.seats) for c, some in new.items() for j in some}
            program.row(shares, player.free_clusters)


def _add_spreads(program: _Program, board: Board) -> None:
    """For every topology spread a column: by how much the least of its domains ends above the least that stands."""
    for p, player in enumerate(board.players):
        for spread in player.spreads:
            base = min([spread.standing[domain] for domain in spread.eligible], default=0)
            least = program.column(None)
            for domain, standing in enumerate(spread.standing):
                inside = [c for c in player.allowed if spread.domains[c] == domain]
                seats = dict.fromkeys([j for c in inside for j in program.at.get((p, c), ())], 1.0)
                if seats:
                    rises = {least: -1.0} if spread.eligible else {}
                    program.row(seats | rises, spread.max_skew + base - standing)
                if domain in spread.eligible:
                    program.row(dict.fromkeys(seats, -1.0) | {least: 1.0}, standing - base)


def _add_most(program: _Program, board: Board, terms: Terms) -> None:
    for priority, most in terms.most.items():
        program.row(
            {
                j: float(board.players[p].weight)
                for (p, _), some in program.at.items()
                for j in some
                if board.players[p].priority == priority
            },
            most,
        )
