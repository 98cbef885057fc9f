"""Placements that need one another in a circle are solved together, or get nothing new, with the cycle named."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kubefleet.model.decision import Decision, Move, Previous
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.neighbours import Hope, Neighbours
from kubefleet.scheduling.partners import Partners
from kubefleet.scheduling.protocols import Mask

Placed = tuple[Decision, tuple[Move, ...]]
Place = Callable[[Cycle, Request, Previous | None], Placed]
_TRIES = 3
"""How often a cycle is solved again with what held before."""


def place_units(
    partners: Partners, requests: Sequence[Request], previous: Mapping[str, Previous], place: Place
) -> list[Placed]:
    """Decide for all placements in order; those of a cycle where the last of them is, when all that they need besides
    is decided.
    """
    placed: list[Placed] = []
    waiting: dict[tuple[str, ...], list[Request]] = {}
    for request in requests:
        members = partners.neighbours.ties.cycles.get(request.name)
        if members is None:
            placed.append(place(partners.cycle, request, previous.get(request.name)))
            continue
        waiting.setdefault(members, []).append(request)
        if len(waiting[members]) == len(members):
            several = sorted(waiting.pop(members), key=lambda request: (-request.priority, request.name))
            placed += place_together(partners, several, previous, place)
    return placed


def place_together(
    partners: Partners, requests: Sequence[Request], previous: Mapping[str, Previous], place: Place
) -> list[Placed]:
    """Decide for all placements of a cycle of needs.

    First each counts on the others coming where they could. If then somebody stands alone, it is all solved again on
    the clusters where nobody did; and if that ends nowhere, nothing new is placed.
    """
    cycle, neighbours = partners.cycle, partners.neighbours
    back = cycle.checkpoint()
    allowed: Mapping[str, Mask | None] = dict.fromkeys((request.name for request in requests), None)
    for _ in range(_TRIES):
        placed = [_place(partners, request, previous, allowed[request.name], place) for request in requests]
        lasting = _lasting(neighbours, requests)
        stalled = any(decision.unplaced for decision, _ in placed) and not any(mask.any() for mask in lasting.values())
        if not stalled and all((lasting[name] == _new(neighbours, name)).all() for name in lasting):
            return placed
        _undo(back, neighbours, requests)
        if stalled:
            break
        allowed = lasting
    nowhere = np.zeros(len(cycle.columns), dtype=np.bool_)
    placed = []
    for request in requests:
        neighbours.hope(request.name, Hope(allowed=nowhere, cycle=neighbours.ties.circle(request.name)))
        placed.append(place(cycle, request, previous.get(request.name)))
    return placed


def _place(
    partners: Partners,
    request: Request,
    previous: Mapping[str, Previous],
    allowed: Mask | None,
    place: Place,
) -> Placed:
    partners.neighbours.hope(request.name, Hope(partners.hoped(request), allowed))
    partners.neighbours.look_again(request.name)
    return place(partners.cycle, request, previous.get(request.name))


def _undo(back: Callable[[], None], neighbours: Neighbours, requests: Sequence[Request]) -> None:
    back()
    for request in requests:
        neighbours.hope(request.name, None)
        neighbours.undo(request.name)


def _new(neighbours: Neighbours, name: str) -> Mask:
    return neighbours.stands(name) & ~neighbours.stood(name)


def _lasting(neighbours: Neighbours, requests: Sequence[Request]) -> dict[str, Mask]:
    """By placement the new clusters where everything it needs is beside it, without those that do not last."""
    lasting = {request.name: _new(neighbours, request.name) for request in requests}
    while True:
        fewer = {request.name: lasting[request.name] & _met(neighbours, request, lasting) for request in requests}
        if all((fewer[name] == lasting[name]).all() for name in lasting):
            return lasting
        lasting = fewer


def _met(neighbours: Neighbours, request: Request, lasting: Mapping[str, Mask]) -> Mask:
    """Where all that a placement needs is beside it, if of the cycle only what lasts is there."""
    met = np.ones(len(neighbours.columns), dtype=np.bool_)
    for rule in request.policy.affinity:
        if rule.required:
            met &= neighbours.met_with(request, rule, lasting)
    return met
