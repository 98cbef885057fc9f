"""What a plan grants every placement, so that more is placed; and the plan that comes of it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kubefleet.model.decision import Decision, Move, Previous
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle, Grants
from kubefleet.scheduling.ledger import Demand
from kubefleet.scheduling.place import place
from kubefleet.scheduling.repair.board import Board, Seats
from kubefleet.scheduling.repair.players import make_board
from kubefleet.scheduling.repair.search import climb

_LARGEST = 20_000
"""Placements × clusters, beyond which planning all of them again would be felt."""
_MOST_NODES = 2_000
_BUDGET = 5_000
"""Packings that are tried in exchanges, and questions about them: mostly some tenths of a second, at most three."""
_MOST_STEPS = 2


Placed = list[tuple[Decision, tuple[Move, ...]]]
"""The decisions and moves of all placements, in the order of the requests."""


def repair(
    requests: Sequence[Request],
    previous: Mapping[str, Previous],
    first: tuple[Cycle, Placed],
    begin: Callable[[Grants], Cycle],
) -> tuple[Cycle, Placed]:
    """The first plan, or one that places more, lexicographically by priority: `begin` makes a cycle in which what
    stands is booked. Comes with the cycle in which it was made.

    What stands stays. Whatever the exchanges promise, only a whole plan by the rules counts. Large fleets and those
    that grow are not repaired.
    """
    if len(requests) * len(first[0].columns) > _LARGEST:
        return first
    start = begin({})
    if len(start.ledger.growing):
        return first
    board = make_board(start, requests, previous, [decision for decision, _ in first[1]], _MOST_NODES)
    if board is None:
        return first
    by_name = {request.name: request for request in requests}
    players = [by_name[player.name] for player in board.players]

    def holds(c: int, seats: Sequence[int]) -> bool:
        grants = {player.name: {c: count} for player, count in zip(board.players, seats, strict=True)}
        return bool(start.ledger.holds(np.array([c]), _demands(players, grants, [c])).all())

    most = _placed(requests, first[1])
    for seats in climb(board, _BUDGET, holds)[: -_MOST_STEPS - 1 : -1]:
        cycle = begin(_grants(board, seats))
        _reserve(cycle, players)
        tried = [place(cycle, request, previous.get(request.name)) for request in requests]
        if _placed(requests, tried) > most:
            return cycle, tried
    return first


def _reserve(cycle: Cycle, players: Sequence[Request]) -> None:
    """Book what is granted as if it stood, all at once: pods of several sizes are laid as they fit together."""
    demands = _demands(players, cycle.grants, range(len(cycle.columns)))
    cycle.ledger.take(cycle.columns.places, demands)
    works = [(request, work) for request in players for work in request.workloads]
    for (request, work), (_, pods) in zip(works, demands, strict=True):
        held = dict(cycle.held_of(request, work) or {})
        more = {int(c): int(pods[c]) for c in np.flatnonzero(pods)}
        cycle.held[request.name, work.key] = held | {c: held.get(c, 0) + count for c, count in more.items()}


def _demands(players: Sequence[Request], grants: Grants, clusters: Sequence[int]) -> list[Demand]:
    """What is granted on some clusters, workload by workload, in pods."""
    return [
        (
            work.pod,
            np.array(
                [grants[request.name].get(c, 0) * (1 if request.divides else work.replicas) for c in clusters],
                dtype=np.int64,
            ),
        )
        for request in players
        for work in request.workloads
    ]


def _placed(requests: Sequence[Request], placed: Placed) -> tuple[int, ...]:
    """Pods that have a place, by priority, the highest first."""
    found: dict[int, int] = {}
    for request, (decision, _) in zip(requests, placed, strict=True):
        found[request.priority] = found.get(request.priority, 0) + sum(b.total for b in decision.bindings)
    return tuple(count for _, count in sorted(found.items(), reverse=True))


def _grants(board: Board, seats: Seats) -> Grants:
    return {
        player.name: {c: count for c, count in enumerate(row) if count}
        for player, row in zip(board.players, seats, strict=True)
    }
