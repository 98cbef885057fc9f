"""How many indexes of a job each cluster gets: one function per strategy, one table. Exact integers, no search over
indexes: a million over a hundred clusters costs what a thousand do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kubefleet.scheduling.seats import add_seats


class DivideJobBy(StrEnum):
    """The strategies of a job."""

    MAKESPAN = "makespan"
    WEIGHTED = "weighted"
    PACK = "pack"
    CHEAPEST = "cheapest"
    GREENEST = "greenest"


@dataclass(frozen=True, slots=True)
class Site:
    """What a cluster is for a job: `slots` pods at once, `duration` milliseconds for each index, the user's `weight`,
    and what an index costs there: `price` and `carbon`, in whole units of any size.
    """

    cluster: str
    slots: int
    duration: int = 1000
    weight: int = 1
    price: int = 0
    carbon: int = 0

    def within(self, span: int) -> int:
        """How many indexes it ends within that many milliseconds."""
        return self.slots * (span // self.duration)


@dataclass(frozen=True, slots=True)
class Demand:
    """`completions` indexes, of which at most `parallelism` run at once (None: as many as there is room for), within
    `deadline` milliseconds (None: however long it takes).
    """

    completions: int
    parallelism: int | None = None
    deadline: int | None = None


class DoesNotFit(Exception):
    """`most` indexes can end by the deadline; `deadline` (ms) is the smallest by which all do, None where no cluster
    has room for a single pod.
    """

    def __init__(self, most: int, deadline: int | None) -> None:
        self.most = most
        self.deadline = deadline
        super().__init__(f"{most} indexes fit")


@dataclass(frozen=True, slots=True)
class Part:
    """What one cluster gets: `count` indexes, `slots` of them at once, all over after `span` milliseconds."""

    count: int
    slots: int
    span: int

    @property
    def waves(self) -> int:
        """How often its slots are filled."""
        return -(-self.count // self.slots)


def divide_job(by: DivideJobBy, sites: Sequence[Site], demand: Demand) -> dict[str, Part]:
    """The part of every cluster that gets any, by name. Raises DoesNotFit.

    What one more index changes is one more index somewhere, with `makespan` and `weighted`.
    """
    usable = sorted((site for site in sites if site.slots > 0), key=lambda site: site.cluster)
    if not usable:
        raise DoesNotFit(0, None)
    limit, divide = _STRATEGIES[by]
    limited = limit(usable, demand)
    if _ends_late(limited, demand):
        # Whatever else is wanted of it, it has to end in time.
        limited = _fastest_slots(usable, demand)
    if demand.deadline is not None and _ends_late(limited, demand):
        most = sum(site.within(demand.deadline) for site in limited)
        raise DoesNotFit(most, _shortest(limited, demand.completions))
    counts = divide(limited, demand)
    return {
        site.cluster: Part(count, min(site.slots, count), -(-count // site.slots) * site.duration)
        for site, count in zip(limited, counts, strict=True)
        if count
    }


def _ends_late(sites: Sequence[Site], demand: Demand) -> bool:
    return demand.deadline is not None and sum(site.within(demand.deadline) for site in sites) < demand.completions


def _fastest_slots(sites: Sequence[Site], demand: Demand) -> list[Site]:
    """No more slots than may run at once: the fastest first."""
    return _slots(sites, demand, lambda site: (site.duration, site.cluster))


def _slots(sites: Sequence[Site], demand: Demand, order: Callable[[Site], tuple[int, str]]) -> list[Site]:
    if demand.parallelism is None:
        return list(sites)
    left = _at_once(demand)
    given: dict[str, int] = {}
    for site in sorted(sites, key=order):
        given[site.cluster] = min(site.slots, left)
        left -= given[site.cluster]
    return [replace(site, slots=given[site.cluster]) for site in sites if given[site.cluster]]


def _shares_of_slots(sites: Sequence[Site], demand: Demand) -> list[Site]:
    """No more slots than may run at once, in proportion to the weights."""
    if demand.parallelism is None:
        return list(sites)
    caps = [site.slots for site in sites]
    given = _seats(sites, caps, demand.parallelism)
    return [replace(site, slots=slots) for site, slots in zip(sites, given, strict=True) if slots]


def _fewest_sites(sites: Sequence[Site], demand: Demand) -> list[Site]:
    """The fewest clusters that have the slots which are wanted at once, or that end in time; the last one is the
    smallest that is enough.
    """
    wanted = demand.completions if demand.deadline is not None else _at_once(demand)

    def size(site: Site) -> int:
        return site.slots if demand.deadline is None else site.within(demand.deadline)

    chosen, left = [], sorted(sites, key=lambda site: (-size(site), site.cluster))
    while left and wanted > 0:
        enough = [site for site in left if size(site) >= wanted]
        one = min(enough, key=lambda site: (size(site), site.cluster)) if enough else left[0]
        chosen.append(one)
        left.remove(one)
        wanted -= size(one)
    return _fastest_slots(sorted(chosen, key=lambda site: site.cluster), demand)


def _at_once(demand: Demand) -> int:
    return demand.completions if demand.parallelism is None else min(demand.parallelism, demand.completions)


def _by_makespan(sites: Sequence[Site], demand: Demand) -> list[int]:
    """The least time within which all can end. What is over is taken from those that would end at that very moment,
    who comes last first: all that was possible a moment earlier is kept, so that one more index moves no other.
    """
    span = _shortest(sites, demand.completions)
    counts = [site.within(span) for site in sites]
    over = sum(counts) - demand.completions
    for place in reversed(range(len(sites))):
        if span % sites[place].duration == 0:
            fewer = min(over, sites[place].slots)
            counts[place] -= fewer
            over -= fewer
    return counts


def _shortest(sites: Sequence[Site], completions: int) -> int:
    """The least T (ms) with sum of slots x floor(T / duration) >= completions, by bisection."""
    low, high = 0, max(site.duration for site in sites) * completions
    while low < high:
        middle = (low + high) // 2
        if sum(site.within(middle) for site in sites) >= completions:
            high = middle
        else:
            low = middle + 1
    return low


def _by_weight(sites: Sequence[Site], demand: Demand) -> list[int]:
    """In proportion to the weights (Webster), as far as the deadline lets each."""
    caps = [demand.completions if demand.deadline is None else site.within(demand.deadline) for site in sites]
    return _seats(sites, caps, demand.completions)


def _seats(sites: Sequence[Site], caps: Sequence[int], total: int) -> list[int]:
    """In proportion to the weights; weight 0 takes what nobody else can."""
    given = add_seats([site.weight for site in sites], [0] * len(sites), caps, total)
    left = total - sum(given)
    return add_seats([1] * len(sites), given, caps, left) if left else given


def _least(cost: Callable[[Site], int]) -> Callable[[Sequence[Site], Demand], list[int]]:
    """The lowest cost first, up to the deadline; without one all go to the cheapest."""

    def divide(sites: Sequence[Site], demand: Demand) -> list[int]:
        left, counts = demand.completions, [0] * len(sites)
        for place in sorted(range(len(sites)), key=lambda place: (cost(sites[place]), sites[place].duration, place)):
            site = sites[place]
            counts[place] = left if demand.deadline is None else min(left, site.within(demand.deadline))
            left -= counts[place]
        return counts

    return divide


def _cheapest_slots(cost: Callable[[Site], int]) -> Callable[[Sequence[Site], Demand], list[Site]]:
    return lambda sites, demand: _slots(sites, demand, lambda site: (cost(site), site.cluster))


Limit = Callable[[Sequence[Site], Demand], list[Site]]
Divide = Callable[[Sequence[Site], Demand], list[int]]


def _price(site: Site) -> int:
    return site.price


def _carbon(site: Site) -> int:
    return site.carbon


_STRATEGIES: Final[Mapping[DivideJobBy, tuple[Limit, Divide]]] = {
    DivideJobBy.MAKESPAN: (_fastest_slots, _by_makespan),
    DivideJobBy.WEIGHTED: (_shares_of_slots, _by_weight),
    DivideJobBy.PACK: (_fewest_sites, _by_makespan),
    DivideJobBy.CHEAPEST: (_cheapest_slots(_price), _least(_price)),
    DivideJobBy.GREENEST: (_cheapest_slots(_carbon), _least(_carbon)),
}
