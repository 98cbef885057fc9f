"""Names of member clusters inside requests must be those of members."""

from collections.abc import Callable, Iterable

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
) -> None:
    """Add a mistake for every unknown cluster in PickFixed names, weights, minimums and maximums, and for minimums
    that sum up to more than there is to divide.
    """
    members = frozenset(member_names)
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
        for where, name in named:
            if name not in members:
                known = ", ".join(sorted(members)) or "none is declared"
                mistakes.append(
                    Mistake(
                        where, f"unknown cluster `{name}` (expected a member: {known}).{did_you_mean(name, members)}"
                    )
                )
