"""Names inside requests must be those of members, and of placements."""

from collections.abc import Callable, Iterable, Sequence

from kubefleet.model.affinity import Affinity
from kubefleet.model.request import Request
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.replicas import totals_mistakes


def check_references(
    requests: Iterable[Request],
    member_names: Iterable[str],
    mistakes: list[Mistake],
    *,
    spelling: Spelling = Spelling.PYTHON,
    path_of: Callable[[str], str] = lambda name: f"placements.{name}",
    placement_names: Iterable[str] = (),
) -> None:
    """Add a mistake for every unknown cluster in PickFixed names, weights, minimums and maximums, for every unknown
    placement in affinities, and for minimums that sum up to more than there is to divide.

    `placement_names` are those of placements that may be named although they are not among the requests.
    """
    requests = tuple(requests)
    members = frozenset(member_names)
    placements = frozenset(placement_names) | {request.name for request in requests}
    for request in requests:
        path = path_of(request.name)
        field = "cluster_names" if spelling is Spelling.PYTHON else "clusterNames"
        named = [(join(path, "policy", field), name) for name in request.policy.names]
        if request.divided is not None:
            for part in ("weights", "min", "max"):
                named += [(join(path, "replicas", part, name), name) for name in getattr(request.divided, part)]
            totals = {
                work.key: work.autoscaled.most if work.autoscaled else work.replicas
                for work in request.workloads
                if work.divisible
            }
            mistakes += totals_mistakes(request.divided, totals, join(path, "replicas"))
        policy = request.policy
        if policy.affinity or policy.anti_affinity:
            anti = "anti_affinity" if spelling is Spelling.PYTHON else "antiAffinity"
            mistakes += _neighbours(policy.affinity, join(path, "policy", "affinity"), request.name, placements)
            mistakes += _neighbours(policy.anti_affinity, join(path, "policy", anti), request.name, placements)
        for where, name in named:
            if name not in members:
                known = ", ".join(sorted(members)) or "none is declared"
                mistakes.append(
                    Mistake(
                        where, f"unknown cluster `{name}` (expected a member: {known}).{did_you_mean(name, members)}"
                    )
                )


def _neighbours(rules: Sequence[Affinity], path: str, own: str, placements: frozenset[str]) -> list[Mistake]:
    """Names of no placement of the program, and a placement's own. What another stack has placed may not be there yet:
    that is no mistake.
    """
    found, others = [], placements - {own}
    known = ", ".join(sorted(others)) or "there is no other"
    for index, rule in enumerate(rules):
        for name in rule.placements.names:
            if "/" in name or name in others:
                continue
            what = f"the placement's own name `{name}`" if name == own else f"unknown placement `{name}`"
            message = (
                f"{what} (expected another placement of this program: {known}; or FLEET/NAME of another stack's)."
                f"{did_you_mean(name, others)}"
            )
            found.append(Mistake(join(path, index, "placements", "names"), message))
    return found
