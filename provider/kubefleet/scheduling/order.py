"""The order in which placements of one plan are decided."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from kubefleet.model.request import Request
from kubefleet.scheduling.ties import Ties


def in_order(requests: Sequence[Request], ties: Ties | None = None) -> list[Request]:
    """By priority (high first), then name; but who brings a namespace or an API comes before who needs it, however
    low its priority, and so does who must be beside another. Of placements that need one another in a circle, the first
    of them comes last. What affinities tie to a unit has the place of the first of them.
    """
    ranked = _ranked(requests)
    if ties is not None and ties.units:
        ranked = _by_unit(ranked, ties)
    providers: dict[str, list[Request]] = {}
    for request in ranked:
        if request.provides_namespaces or request.provides_apis:
            for name in request.provides_namespaces | request.provides_apis:
                providers.setdefault(name, []).append(request)
    if not providers and (ties is None or not ties.needs):
        return ranked
    by_name = {request.name: request for request in ranked}
    ordered: dict[str, Request] = {}
    seen: set[str] = set()
    # Depth first, without recursion: chains may be long.
    waiting = ranked[::-1]
    while waiting:
        request = waiting[-1]
        before = _needed(request, providers) if providers and request.name not in seen else ()
        if ties is not None and request.name in ties.needs and request.name not in seen:
            before = [*_ranked(by_name[name] for name in ties.needs[request.name]), *before]
        seen.add(request.name)
        unseen = [other for other in before if other.name not in seen]
        if unseen:
            waiting.extend(unseen[::-1])
        else:
            ordered.setdefault(request.name, waiting.pop())
    return list(ordered.values())


def _needed(request: Request, providers: Mapping[str, Sequence[Request]]) -> Sequence[Request]:
    needs = (request.needs_namespaces - request.provides_namespaces) | (request.needs_apis - request.provides_apis)
    found = {other.name: other for name in needs for other in providers.get(name, ())}
    return _ranked(found.values())


def _by_unit(ranked: Sequence[Request], ties: Ties) -> list[Request]:
    """Each unit as a whole where its first placement is."""
    members: dict[tuple[str, ...], list[Request]] = {}
    for request in ranked:
        if request.name in ties.units:
            members.setdefault(ties.units[request.name], []).append(request)
    found: list[Request] = []
    for request in ranked:
        unit = ties.units.get(request.name)
        if unit is None:
            found.append(request)
        else:
            found += members.pop(unit, ())
    return found


def _ranked(requests: Iterable[Request]) -> list[Request]:
    return sorted(sorted(requests, key=attrgetter("name")), key=attrgetter("priority"), reverse=True)
