"""The order in which placements of one plan are decided."""

from collections.abc import Mapping, Sequence

from kubefleet.model.request import Request


def in_order(requests: Sequence[Request]) -> list[Request]:
    """By priority (high first), then name; but who brings a namespace or an API comes before who needs it, however
    low its priority. Of placements that need one another in a circle, the first of them comes last.
    """
    ranked = sorted(requests, key=lambda request: (-request.priority, request.name))
    providers: dict[str, list[Request]] = {}
    for request in ranked:
        for name in request.provides_namespaces | request.provides_apis:
            providers.setdefault(name, []).append(request)
    if not providers:
        return ranked
    ordered: dict[str, Request] = {}
    seen: set[str] = set()
    # Depth first, without recursion: chains may be long.
    waiting = ranked[::-1]
    while waiting:
        request = waiting[-1]
        before = () if request.name in seen else _needed(request, providers)
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
    return sorted(found.values(), key=lambda other: (-other.priority, other.name))
