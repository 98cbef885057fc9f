"""Gangs: jobs whose pods are of use only together. Where they go: all of them, or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kubefleet.jobs.assign import assign
from kubefleet.jobs.divide import Demand, DivideJobBy, DoesNotFit, Site, divide_job
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.model.selector import Expr
from kubefleet.scheduling import Domain


class Gang(StrEnum):
    """`one-cluster`: all pods in one network of one cluster (MPI, NCCL). `all-or-nothing`: over several clusters, which
    begin together.
    """

    ONE_CLUSTER = "one-cluster"
    ALL_OR_NOTHING = "all-or-nothing"


@dataclass(frozen=True, slots=True)
class Seat:
    """What a cluster gets of a gang: its indexes, how many of them at once, and of which labels the nodes are that they
    must be on.
    """

    indexes: Indexes
    slots: int
    nodes: tuple[Expr, ...] = ()


class NoRoom(DoesNotFit):
    """`wanted` pods have no room at once; `most` have."""

    def __init__(self, wanted: int, most: int, where: str) -> None:
        super().__init__(most, None)
        self.wanted, self.where = wanted, where

    def __str__(self) -> str:
        return f"queued: no room for all {self.wanted} pods at once; {self.where}"


def at_once(demand: Demand) -> int:
    """The pods of a gang."""
    return demand.completions if demand.parallelism is None else min(demand.parallelism, demand.completions)


def in_one_domain(domains: Sequence[Domain], demand: Demand) -> dict[str, Seat]:
    """Best fit: the domain with the least room that is enough, of several the first by name. Raises NoRoom: a gang is
    never split.
    """
    wanted = at_once(demand)
    enough = [domain for domain in domains if domain.pods >= wanted]
    if not enough:
        if not domains:
            raise NoRoom(wanted, 0, "no cluster has a network for them")
        largest = min(domains, key=lambda domain: (-domain.pods, domain.cluster, domain.nodes))
        raise NoRoom(wanted, largest.pods, f"the most are {largest.pods}, in {_named(largest)}")
    best = min(enough)
    return {best.cluster: Seat(span(0, demand.completions), wanted, best.nodes)}


def all_or_nothing(by: DivideJobBy, sites: Sequence[Site], demand: Demand) -> dict[str, Seat]:
    """Divided so that all clusters are busy for equally long: that one is faster is no reason to have another wait for
    its turn. Raises NoRoom.
    """
    wanted, room = at_once(demand), sum(site.slots for site in sites)
    if room < wanted:
        most = ", ".join(f"{site.cluster} {site.slots}" for site in sorted(sites, key=lambda site: site.cluster))
        raise NoRoom(wanted, room, f"there is room for {room}" + (f": {most}" if most else ""))
    # In turns of 1 ms each: whatever the strategy, nobody gets more of them than it takes.
    turns = -(-demand.completions // wanted)
    alike = [replace(site, duration=1) for site in sites]
    parts = divide_job(by, alike, Demand(demand.completions, demand.parallelism, turns))
    indexes = assign({name: part.count for name, part in parts.items()}, span(0, demand.completions))
    return {name: Seat(indexes[name], parts[name].slots) for name in sorted(parts)}


def _named(domain: Domain) -> str:
    labels = ", ".join(f"{expr.key}={'|'.join(expr.values)}" for expr in domain.nodes)
    return f"{labels} of {domain.cluster}" if labels else domain.cluster
