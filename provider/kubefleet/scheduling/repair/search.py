"""Search: exchanges on the board that place more, one after the other, until none is found or enough were tried."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from kubefleet.scheduling.repair.board import Board, Seats, Way

_PARTS = (1, 2, 4, 8)
"""All of somebody's seats on a cluster make room, or the half, ..."""

_WAYS = (
    (Way.ROOMY, 1),
    (Way.QUIET, 1),
    (Way.ALIKE, 1),
    (Way.ROOMY, 2),
    (Way.ROOMY, 3),
    (Way.ALIKE, 4),
    (Way.ROOMY, 6),
)
"""How seats are given anew, and which part of what the first one lacks it gets before the others."""

Holds = Callable[[int, Sequence[int]], bool]
"""Whether a cluster really holds so many seats of each player."""

Exchange = tuple[tuple[int, ...], Seats]
"""The seats that are left to begin with, and who is seated first."""


def climb(board: Board, budget: int, holds: Holds) -> list[Seats]:
    """Seats that place more and more pods (by priority, the highest first), the best last; none where nothing helps.

    Every exchange takes seats away, seats somebody who lacks some first, and then everybody else who lacks some. At
    most `budget` packings are tried; what seems to be better has to hold, too. Deterministic.
    """
    found: list[Seats] = []
    best = board.score()
    while (better := _improved(board, best, budget, holds)) is not None:
        best = better
        found.append([list(row) for row in board.seats])
    return found


def _improved(board: Board, best: tuple[int, ...], budget: int, holds: Holds) -> tuple[int, ...] | None:
    short = [p for p, player in enumerate(board.players) if board.missing(p) > 0 and player.allowed]
    short.sort(key=lambda p: (-board.players[p].priority, board.players[p].name))
    for p in short:
        before = board.seats
        for first, seats in _exchanges(board, p):
            for way, part in _WAYS:
                board.seats = [list(row) for row in seats]
                board.insert(first[0], way, part)
                for other in (*first[1:], *board.ranked):
                    board.insert(other, way)
                score = board.score()
                if score > best and board.settle(holds):
                    return score
            board.seats = before
            if board.tries > budget:
                return None
    return None


def _exchanges(board: Board, p: int) -> Iterator[Exchange]:
    """Small ones first: its own seats, and once everybody's; part of somebody's seats on a cluster; a whole cluster, or
    one and somebody's seats on another; one or two others everywhere.
    """
    seats = board.seats
    yield (p,), seats
    yield (p,), _without(seats, p)
    yield board.ranked, _without(seats, *board.ranked)
    others = [q for q, row in enumerate(seats) if q != p and any(row)]
    near = [q for q in others if any(seats[q][c] for c in board.players[p].allowed)]
    for c in board.players[p].allowed:
        # Who is on as many clusters as it may be leaves them for this one.
        mine = seats if board.may_join(p, c) else _without(seats, p)
        for q in (q for q in others if seats[q][c]):
            for part in _PARTS:
                if seats[q][c] // part:
                    yield (p, q), _less(board, mine, q, c, seats[q][c] // part)
    for c in board.players[p].allowed:
        mine = seats if board.may_join(p, c) else _without(seats, p)
        if any(seats[q][c] for q in others):
            yield (p,), _cleared(mine, c, keeps=p)
    for c in board.players[p].allowed:
        mine = seats if board.may_join(p, c) else _without(seats, p)
        for q in (q for q in others if seats[q][c]):
            gone = _less(board, mine, q, c, seats[q][c])
            for away in board.players[q].allowed:
                if away != c:
                    yield (p, q), _cleared(gone, away, keeps=p)
    for q in near:
        yield (p, q), _without(seats, p, q)
        yield (q, p), _without(seats, p, q)
    for q, r in combinations(near, 2):
        yield (p, q, r), _without(seats, p, q, r)
        yield (p, r, q), _without(seats, p, q, r)


def _cleared(seats: Seats, c: int, keeps: int) -> Seats:
    """Nobody on one cluster, but the one who keeps its seats there."""
    return [row if q == keeps else [0 if i == c else n for i, n in enumerate(row)] for q, row in enumerate(seats)]


def _without(seats: Seats, *players: int) -> Seats:
    return [[0] * len(row) if q in players else row for q, row in enumerate(seats)]


def _less(board: Board, seats: Seats, q: int, c: int, count: int) -> Seats:
    left = seats[q][c] - count
    row = list(seats[q])
    row[c] = left if left >= board.players[q].lows[c] else 0
    return [row if other == q else before for other, before in enumerate(seats)]
