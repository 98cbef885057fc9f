"""Faults put into the scheduler, one real behaviour each, for as long as a monkeypatch lasts."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from immutabledict import immutabledict

from kubefleet.model.cluster import ClusterState
from kubefleet.model.policy import PolicyType
from kubefleet.model.taint import Effect
from kubefleet.scheduling import bounds, columns, funnel, groups, new_nodes, newly_divided, order, place, share, solve
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.domains import Domains
from kubefleet.scheduling.filters import (
    affinity,
    apis,
    capacity,
    eligibility,
    namespaces,
    nodes,
    reachable,
    required,
    taints,
)
from kubefleet.scheduling.filters import groups as grouped
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.neighbours import Neighbours
from kubefleet.scheduling.node_table import NodeTable
from kubefleet.scheduling.nodes import UNBOUNDED
from kubefleet.scheduling.protocols import Verdict

Patch = pytest.MonkeyPatch
FAULTS: dict[str, Callable[[Patch], None]] = {}
_SCHEDULE = import_module("kubefleet.scheduling.schedule")


def fault(seed: Callable[[Patch], None]) -> Callable[[Patch], None]:
    FAULTS[seed.__name__] = seed
    return seed


def _instead(patch: Patch, owner: Any, name: str, other: Callable[..., Any]) -> None:
    """Call `other` with the real function and its arguments."""
    patch.setattr(owner, name, partial(other, getattr(owner, name)))


def _method(patch: Patch, owner: type, name: str, other: Callable[..., Any]) -> None:
    """As `_instead`, for a method: `other` has the real one, the object, and the arguments."""
    real = getattr(owner, name)
    patch.setattr(owner, name, lambda self, *args, **options: other(real, self, *args, **options))


def _edited(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The real function of a cycle and a request, with another request."""
    return lambda real, cycle, request, *args: real(cycle, change(request), *args)


def _everyone(cycle: Any) -> Verdict:
    return Verdict(cycle.columns.everywhere(), lambda _: ())


_FILTERS = {
    "reachable": reachable.Reachable,
    "eligibility": eligibility.Eligibility,
    "required": required.Required,
    "nodes": nodes.NodeRequirements,
    "namespaces": namespaces.Namespaces,
    "apis": apis.Apis,
    "affinity": affinity.AffinityMet,
    "anti_affinity": affinity.AntiAffinity,
    "capacity": capacity.Capacity,
    "groups": grouped.SpreadGroups,
}


def _always_passes(kind: type, patch: Patch) -> None:
    patch.setattr(kind, "judge", lambda self, cycle, request: _everyone(cycle))


FAULTS |= {f"filter_{name}_passes_everyone": partial(_always_passes, kind) for name, kind in _FILTERS.items()}


def _ignored(effect: Effect, patch: Patch) -> None:
    def judge(real, self, cycle, request):
        return _everyone(cycle) if self.effect is effect else real(self, cycle, request)

    _method(patch, taints.Taints, "judge", judge)


FAULTS |= {
    "no_execute_taints_are_ignored": partial(_ignored, Effect.NO_EXECUTE),
    "no_schedule_taints_are_ignored": partial(_ignored, Effect.NO_SCHEDULE),
}


@fault
def toleration_for_a_time_is_for_ever(patch: Patch) -> None:
    patch.setattr(taints, "tolerated", lambda taint, tolerations, now: any(t.tolerates(taint) for t in tolerations))


@fault
def any_toleration_tolerates_everything(patch: Patch) -> None:
    patch.setattr(taints, "tolerated", lambda taint, tolerations, now: bool(tolerations))


@fault
def cordoned_cluster_is_accepted(patch: Patch) -> None:
    patch.delitem(eligibility._CODES, ClusterState.CORDONED)


@fault
def properties_of_terms_are_ignored(patch: Patch) -> None:
    patch.setattr(Columns, "where_property", lambda self, expr: self.everywhere())


@fault
def only_the_first_term_counts(patch: Patch) -> None:
    def judge(real, self, cycle, request):
        first = replace(request.policy, required=request.policy.required[:1])
        return real(self, cycle, replace(request, policy=first))

    _method(patch, required.Required, "judge", judge)


@fault
def one_node_fewer_is_enough(patch: Patch) -> None:
    def where_enough(real, clusters, wanted):
        return real(clusters, replace(wanted, at_least=wanted.at_least - 1))

    _instead(patch, columns, "where_enough", where_enough)


@fault
def any_cluster_counts_as_named(patch: Patch) -> None:
    def make_funnel(real, columns_, policy, verdicts):
        fixed = policy.type is PolicyType.PICK_FIXED
        return real(columns_, replace(policy, names=columns_.names) if fixed else policy, verdicts)

    _instead(patch, funnel, "make_funnel", make_funnel)


@fault
def capacity_is_one_pod_too_many(patch: Patch) -> None:
    _method(patch, Ledger, "room", lambda real, self, *args, **options: real(self, *args, **options) + 1)
    _method(patch, Ledger, "reaches", lambda real, self, pod, pods: real(self, pod, pods - 1))
    _method(patch, Ledger, "all_hold", lambda real, self, pod, pods: real(self, pod, pods - 1))


@fault
def capacity_is_one_pod_too_few(patch: Patch) -> None:
    _method(patch, Ledger, "room", lambda real, self, *args, **options: real(self, *args, **options) - 1)


@fault
def ledger_does_not_book(patch: Patch) -> None:
    patch.setattr(Ledger, "take", lambda self, clusters, demands: None)


@fault
def what_stands_is_not_booked(patch: Patch) -> None:
    patch.setattr(_SCHEDULE, "book_what_stands", lambda cycle, requests, previous: None)


@fault
def several_workloads_are_not_fitted_together(patch: Patch) -> None:
    patch.setattr(Ledger, "holds", lambda self, clusters, demands, grown=True: np.ones(len(clusters), dtype=np.bool_))


def _without(resource: str, patch: Patch) -> None:
    def size(real, self, pod):
        return real(self, replace(pod, requests=immutabledict({**pod.requests, resource: 0})))

    _method(patch, NodeTable, "size", size)


FAULTS |= {f"{resource}_takes_no_room": partial(_without, resource) for resource in ("cpu", "memory", "pods")}


@fault
def node_selectors_are_ignored(patch: Patch) -> None:
    _method(patch, NodeTable, "size", lambda real, self, pod: real(self, replace(pod, node_selector=immutabledict())))


@fault
def unknown_capacity_is_none(patch: Patch) -> None:
    def begin(real, self, columns_, pods):
        real(self, columns_, pods)
        self.known = np.ones(len(self.known), dtype=np.bool_)

    _method(patch, Ledger, "__init__", begin)


@fault
def pool_grows_by_one_node_too_many(patch: Patch) -> None:
    def as_cluster(real, cluster, pending):
        row = real(cluster, pending)
        more = (replace(s, count=s.count + 1, free=((s.allocatable, s.count + 1),)) for s in row.shapes)
        return replace(row, shapes=tuple(more))

    _instead(patch, new_nodes, "_as_cluster", as_cluster)


@fault
def one_cluster_more_than_n_is_picked(patch: Patch) -> None:
    def more(request):
        return replace(request, policy=replace(request.policy, number=request.policy.number + 1))

    _instead(patch, solve, "pick", _edited(more))


def _divided(**changes: Any) -> Callable[..., Any]:
    def change(request):
        return request if request.divided is None else replace(request, divided=replace(request.divided, **changes))

    return _edited(change)


@fault
def maximum_of_a_cluster_is_ignored(patch: Patch) -> None:
    _instead(patch, solve, "share", _divided(max=immutabledict()))


@fault
def minimum_of_a_cluster_is_ignored(patch: Patch) -> None:
    _instead(patch, solve, "share", _divided(min=immutabledict()))


@fault
def weights_are_ignored(patch: Patch) -> None:
    _instead(patch, solve, "share", _divided(weights=immutabledict()))


def _divide(patch: Patch, change: Callable[[list[int], int], list[int]]) -> None:
    def divide(real, by, shares, total, limit=None):
        return change(real(by, shares, total, limit), total)

    for module in (share, newly_divided):
        _instead(patch, module, "divide", divide)


@fault
def replica_is_lost(patch: Patch) -> None:
    def fewer(seats, total):
        return [*seats[:-1], max(0, seats[-1] - 1)] if seats else seats

    _divide(patch, fewer)


@fault
def replica_is_made_up(patch: Patch) -> None:
    _divide(patch, lambda seats, total: [*seats[:-1], seats[-1] + 1] if seats else seats)


@fault
def unplaced_is_not_told(patch: Patch) -> None:
    patch.setattr(place, "unplaced", lambda request, picked, shared: 0)


@fault
def division_does_not_look_at_room(patch: Patch) -> None:
    def room(cycle, request, picked, *args, **options):
        return np.full(len(picked.chosen), UNBOUNDED, dtype=np.int64)

    for module in (bounds, share, newly_divided):
        patch.setattr(module, "room_of", room)


def _spreads(change: Callable[[Any], Any]) -> Callable[..., None]:
    def begin(real, self, columns_, spreads, eligible):
        real(self, columns_, tuple(map(change, spreads)), eligible)

    return begin


@fault
def skew_is_one_too_many(patch: Patch) -> None:
    _method(patch, Domains, "__init__", _spreads(lambda spread: replace(spread, max_skew=spread.max_skew + 1)))


@fault
def min_domains_are_ignored(patch: Patch) -> None:
    _method(patch, Domains, "__init__", _spreads(lambda spread: replace(spread, min_domains=None)))


@fault
def only_the_first_spread_counts(patch: Patch) -> None:
    def begin(real, self, columns_, spreads, eligible):
        real(self, columns_, spreads[:1], eligible)

    _method(patch, Domains, "__init__", begin)


@fault
def empty_domains_do_not_count(patch: Patch) -> None:
    def least(real, self, which, counts):
        return int(min((n for n in counts[self._eligible[which]] if n), default=0))

    _method(patch, Domains, "_least_of", least)


@fault
def anti_affinity_binds_only_who_has_it(patch: Patch) -> None:
    def look(real, self, request):
        view = real(self, request)
        view.refusing.clear()
        return view

    _method(patch, Neighbours, "_look", look)


@fault
def affinity_domain_is_always_the_cluster(patch: Patch) -> None:
    patch.setattr(Neighbours, "domain", lambda self, on, key: on)


@fault
def maximum_of_groups_is_ignored(patch: Patch) -> None:
    def grouped_(real, rules, least=0):
        return real([replace(rule, max_groups=None) for rule in rules], least)

    _instead(patch, groups, "grouped", grouped_)


@fault
def minimum_of_groups_is_ignored(patch: Patch) -> None:
    def grouped_(real, rules, least=0):
        return real([replace(rule, min_groups=1) for rule in rules], least)

    _instead(patch, groups, "grouped", grouped_)


@fault
def min_clusters_are_ignored(patch: Patch) -> None:
    _instead(patch, groups, "grouped", lambda real, rules, _least: real(rules, 0))


@fault
def lower_priority_goes_first(patch: Patch) -> None:
    patch.setattr(order, "_ranked", lambda requests: sorted(requests, key=attrgetter("priority", "name")))


@fault
def kept_binding_is_dropped(patch: Patch) -> None:
    def keep(real, *args):
        kept = real(*args)
        return replace(kept, stays=kept.stays[1:])

    _instead(patch, solve, "keep", keep)


@fault
def what_stands_grows_where_nothing_new_may_come(patch: Patch) -> None:
    def share_(real, cycle, request, seen, *args):
        return real(cycle, request, replace(seen, grows=cycle.columns.everywhere()), *args)

    _instead(patch, solve, "share", share_)
