"""Search: seats near the relaxation, and exchanges that place more, one after the other, until none is found or enough
were tried.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kubefleet.scheduling.repair.board import Board, Seats, Way
from kubefleet.scheduling.repair.dive import near_relaxation
from kubefleet.scheduling.repair.relaxation import bound

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


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who is seated `first` once some have `gone`: a player from one cluster (from all: None), with all its seats there
    or a part. A player who may not join the cluster at which it aims leaves all of its own.
    """

    first: tuple[int, ...]
    gone: tuple[tuple[int, int | None, int], ...] = ()
    aims: int | None = None


def climb(board: Board, budget: int, holds: Holds) -> list[Seats]:
    """Seats that place more and more pods (by priority, the highest first), the best last; none where nothing helps.

    Every exchange takes seats away, seats some players first, and then everybody else who lacks some. At most `budget`
    packings are tried for them; what seems to be better has to hold, too. Deterministic.
    """
    found: list[Seats] = []
    best, most = board.score(), bound(board)
    for seats in near_relaxation(board) if best != most else ():
        before, board.seats = board.seats, seats
        if board.score() > best and board.settle(holds):
            best = board.score()
            found.append([list(row) for row in seats])
            if best == most:
                break
        else:
            board.seats = before
    budget += board.tries
    exchanges, seen = list(_exchanges(board)), set[object]()
    in_vain = at = 0
    while best != most and in_vain < len(exchanges) and board.tries <= budget:
        in_vain += 1
        if _improves(board, best, exchanges[at % len(exchanges)], holds, seen):
            best, in_vain = board.score(), 0
            found.append([list(row) for row in board.seats])
        at += 1
    return found


def _improves(board: Board, best: tuple[int, ...], exchange: Exchange, holds: Holds, seen: set[object]) -> bool:
    """Make an exchange if it places more; each beginning is tried but once."""
    before = board.seats
    board.seats = _begun(board, exchange)
    board.level()
    begun, first = board.seats, exchange.first
    beginning = first, tuple(map(tuple, begun))
    if beginning not in seen:
        seen.add(beginning)
        for way, part in _WAYS:
            board.seats = [list(row) for row in begun]
            board.insert(first[0], way, part)
            for other in (*first[1:], *board.ranked):
                board.insert(other, way)
            if board.score() > best and board.settle(holds):
                return True
    board.seats = before
    return False


def _begun(board: Board, exchange: Exchange) -> Seats:
    gone, p = exchange.gone, exchange.first[0]
    if exchange.aims is not None and not board.may_join(p, exchange.aims):
        gone = (*gone, (p, None, 1))
    seats = [list(row) for row in board.seats]
    for q, where, part in gone:
        row = seats[q]
        for c in range(len(row)) if where is None else (where,):
            left = row[c] - row[c] // part
            row[c] = left if left >= board.players[q].lows[c] else 0
    return seats


def _exchanges(board: Board) -> Iterator[Exchange]:
    """Small ones first: its own seats, and once everybody's; part of somebody's seats on a cluster; a whole cluster;
    somebody else everywhere.
    """
    players = [p for p in board.ranked if board.players[p].allowed]
    wanting = [p for p in players if board.players[p].seats]
    everywhere = tuple((q, None, 1) for q in players)
    for p in wanting:
        yield Exchange((p,))
        yield Exchange((p,), ((p, None, 1),))
        yield Exchange((p,), everywhere)
    for part in _PARTS:
        for p in wanting:
            for c in board.players[p].allowed:
                others = [q for q in players if q != p and c in board.players[q].allowed]
                yield from (Exchange((p, q), ((q, c, part),), c) for q in others)
    for p in wanting:
        for c in board.players[p].allowed:
            yield Exchange((p,), tuple((q, c, 1) for q in players if q != p), c)
    for p in wanting:
        allowed = set(board.players[p].allowed)
        for q in players:
            if q != p and not allowed.isdisjoint(board.players[q].allowed):
                both = (p, None, 1), (q, None, 1)
                yield Exchange((p, q), both)
                yield Exchange((q, p), both)
