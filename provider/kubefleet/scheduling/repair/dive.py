"""Dive: whole seats near the relaxation. What is split there is decided one after the other, and all is solved anew."""

from collections.abc import Iterator
from dataclasses import replace

from kubefleet.scheduling.repair.board import Board, Seats, Way
from kubefleet.scheduling.repair.relaxation import ALMOST, Place, Relaxed, Terms, alone, relaxed

_USABLE = (100, 98, 95)
"""Percentages of the nodes: what is as full as can be is hard to pack."""
_MOST_DECISIONS = 30


def near_relaxation(board: Board) -> Iterator[Seats]:
    """Seats near the relaxation, of several kinds; none where it is too large to be solved."""
    caps = alone(board)
    for usable in _USABLE:
        target = _dive(board, Terms(caps, usable=usable))
        if target is None:
            return
        for copies_first in (False, True):
            for way in Way:
                yield _seated(board, target, way, copies_first=copies_first)


def _dive(board: Board, terms: Terms) -> Seats | None:
    """Seats as the relaxation has them, rounded down."""
    found = relaxed(board, terms)
    for _ in range(_MOST_DECISIONS):
        if found is None:
            return None
        solved = [(branch, relaxed(board, branch)) for branch in _branches(board, found, terms)]
        if not solved:
            break
        terms, found = max(solved, key=lambda each: _compared(each[1]))
    if found is None:
        return None
    return [[int(found.seats.get((p, c), 0.0) + ALMOST) for c in range(len(row))] for p, row in enumerate(board.seats)]


def _compared(found: Relaxed | None) -> tuple[int, ...]:
    """Thousandths of pods by priority: smaller differences are noise."""
    return () if found is None else tuple([round(pods * 1000) for pods in found.pods])


def _branches(board: Board, found: Relaxed, terms: Terms) -> list[Terms]:
    """What to solve next, of which the best counts: of the first priority where anything is split no more than whole
    pods; or nobody on too many clusters, or below a minimum; or a copy that is split demanded, or else forbidden.
    """
    for priority, pods in zip(board.priorities, found.pods, strict=True):
        if pods - int(pods + ALMOST) > ALMOST:
            return [replace(terms, most={**terms.most, priority: int(pods + ALMOST)})]
        some = {
            (p, c): seats
            for (p, c), seats in found.seats.items()
            if seats > ALMOST and board.players[p].priority == priority
        }
        if forbidden := _forbidden(board, some):
            return [replace(terms, caps={**terms.caps, **dict.fromkeys(forbidden, 0)})]
        split = [
            (-seats, place)
            for place, seats in some.items()
            if seats < 1 - ALMOST and board.players[place[0]].whole and place not in terms.first
        ]
        if split:
            _, place = min(split)
            with_it = replace(terms, first=terms.first | {place})
            without = replace(terms, caps={**terms.caps, place: 0})
            return [with_it, without] if _fit(board, with_it.first, place[1]) else [without]
    return []


def _forbidden(board: Board, some: dict[Place, float]) -> list[Place]:
    """Places with fewer seats than their minimum; and that with the fewest of whoever is on too many clusters."""
    found = [(p, c) for (p, c), seats in some.items() if seats < board.players[p].lows[c] - ALMOST]
    for p, player in enumerate(board.players):
        new = [(seats, (q, c)) for (q, c), seats in some.items() if q == p and not player.held[c]]
        if len(new) > player.free_clusters:
            found.append(min(new)[1])
    return found


def _fit(board: Board, copies: frozenset[Place], c: int) -> bool:
    """Whether some copies fit on a cluster with nothing else."""
    before = board.seats
    board.seats = [[int((p, at) in copies) for at in range(len(row))] for p, row in enumerate(before)]
    fits = board.fits(c)
    board.seats = before
    return fits


def _seated(board: Board, target: Seats, way: Way, *, copies_first: bool) -> Seats:
    """Everybody anew: near the target, and then what is missing. Whole copies, which are harder to seat, come before
    all else, or at least before what is divided and of their priority.
    """
    before, board.seats = board.seats, [[0] * len(row) for row in target]
    ranked = sorted(board.ranked, key=lambda p: not board.players[p].whole)
    turns = [ranked]
    if not copies_first:
        turns = [[p for p in ranked if board.players[p].priority == priority] for priority in board.priorities]
    for turn in turns:
        for p in turn:
            for c in board.players[p].allowed:
                if target[p][c]:
                    board.seats[p][c] = board.room(p, c, target[p][c])
        board.level()
        for p in board.ranked:
            if p in turn:
                board.insert(p, way)
    seats, board.seats = board.seats, before
    return seats
