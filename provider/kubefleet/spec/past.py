"""What a fleet file says was decided before."""

from collections.abc import Iterable, Mapping

from immutabledict import immutabledict

from kubefleet.model.decision import Binding, Previous
from kubefleet.model.request import Request
from kubefleet.scheduling.seats import add_seats
from kubefleet.spec.mistakes import Mistake, did_you_mean, join


def parse_previous(
    counts: Mapping[str, int], request: Request, members: Iterable[str], *, edited: bool, mistakes: list[Mistake]
) -> Previous:
    """The previous decision of a placement from one number per cluster: replicas if they are divided, else copies.

    Adds unknown clusters and numbers of copies above 1 to `mistakes`.
    """
    members = frozenset(members)
    bindings = []
    left = {work.key: work.replicas for work in request.workloads if work.divisible}
    for name, count in sorted(counts.items()):
        where = join("previous", request.name, name)
        if name not in members:
            known = ", ".join(sorted(members)) or "none is there"
            message = f"unknown cluster `{name}` (expected a cluster: {known}).{did_you_mean(name, members)}"
            mistakes.append(Mistake(where, message))
        elif request.divided is None and count > 1:
            mistakes.append(Mistake(where, f"`{count}` copies on one cluster (expected 0 or 1, as nothing is divided)"))
        elif count:
            replicas = {work.key: work.replicas for work in request.workloads}
            if request.divided is not None:
                replicas |= _split(count, left)
            bindings.append(Binding(name, immutabledict(sorted(replicas.items()))))
    return Previous(tuple(bindings), edited=edited)


def _split(count: int, left: dict[str, int]) -> dict[str, int]:
    """One number as replicas of each divided workload, in proportion to what of each is `left`, which is updated.

    What goes beyond (the total was larger then) is added to the first.
    """
    keys = sorted(left)
    most = [left[key] for key in keys]
    seats = add_seats(most, [0] * len(keys), most, count)
    for key, taken in zip(keys, seats, strict=True):
        left[key] -= taken
    if seats:
        seats[0] += count - sum(seats)
    return dict(zip(keys, seats, strict=True))
