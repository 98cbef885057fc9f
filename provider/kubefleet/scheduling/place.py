"""One placement: filters, keep, pick, divide, book; and the trail of all that."""

from collections.abc import Sequence
from typing import Any, TypeVar

from immutabledict import immutabledict

from kubefleet.model.decision import Binding, Decision, Move, Previous
from kubefleet.model.reason import Reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.deadlines import deadline_reasons
from kubefleet.scheduling.functions import failed_scorers
from kubefleet.scheduling.funnel import Funnel, run_filters
from kubefleet.scheduling.granted import within_grants
from kubefleet.scheduling.keep import Kept
from kubefleet.scheduling.missing import missing_reasons, unplaced
from kubefleet.scheduling.moves import left, moves_of
from kubefleet.scheduling.needed_nodes import needed_nodes
from kubefleet.scheduling.neighbours import Leaving
from kubefleet.scheduling.refused import Outcome, kept_reasons, limit_reached, why_not
from kubefleet.scheduling.relax import WhatIf, relaxations
from kubefleet.scheduling.rules.estimates import estimates
from kubefleet.scheduling.scorers import SCORERS
from kubefleet.scheduling.shared import Shared
from kubefleet.scheduling.solve import solve
from kubefleet.scheduling.trail import Lazily, Ranking, Refusals
from kubefleet.scheduling.unchanged import unchanged
from kubefleet.scheduling.warned import warnings_of

T = TypeVar("T")
_MANY = 16
_NONE: immutabledict[str, Any] = immutabledict()


def place(cycle: Cycle, request: Request, previous: Previous | None) -> tuple[Decision, tuple[Move, ...]]:
    """Decide for one placement and book what it takes beyond what it holds."""
    funnel = run_filters(cycle, request)
    if request.frozen and previous is not None:
        decision = _frozen(cycle, request, previous, funnel)
        _told(cycle, decision, [cycle.columns.index[binding.cluster] for binding in decision.bindings], ())
        return decision, ()
    if previous is not None and (same := unchanged(cycle, request, previous, funnel)) is not None:
        return same, ()
    if cycle.grants:
        funnel = within_grants(cycle, request, funnel)
    estimated = estimates(cycle, request)
    solved = solve(cycle, request, previous or Previous(), funnel, scored=True)
    kept, picked, shared = solved.kept, solved.picked, solved.shared
    if provided := request.provides_namespaces | request.provides_apis:
        cycle.provide(provided, sorted(shared.seats))
    new_nodes = needed_nodes(cycle)
    outcome = Outcome(cycle.columns, request, funnel, kept, picked, shared)
    moves = moves_of(cycle, request, kept, picked, shared)
    bindings, short = _bindings(cycle, request, kept, shared), unplaced(request, picked, shared)
    decision = Decision(
        placement=request.name,
        bindings=bindings,
        candidates=Ranking(cycle.columns.names, funnel.passed, shared.seats, picked.scorers, lambda: picked.values),
        refused=Refusals(cycle.columns.names, shared.seats, lambda i: why_not(outcome, i)),
        kept=_frozen_dict(_kept_reasons(cycle, outcome)),
        left=_frozen_dict(left(cycle, request, kept, picked, shared, moves)),
        warnings=Lazily(lambda: warnings_of(outcome, lambda i: (*new_nodes.get(i, ()), *estimated(i)))),
        missing=Lazily(lambda: missing_reasons(outcome)),
        failures=Lazily(lambda: failed_scorers(cycle, request)) if len(picked.scorers) > len(SCORERS) else (),
        funnel=Lazily(funnel.steps),
        relaxations=Lazily(lambda: relaxations(WhatIf(cycle, request, bindings, funnel, short))) if short else (),
        unplaced=short,
        divided=request.divides,
    )
    _told(cycle, decision, sorted(shared.seats), moves)
    return decision, moves


def _kept_reasons(cycle: Cycle, outcome: Outcome) -> dict[str, tuple[Reason, ...]]:
    if not outcome.kept.before:
        return {}
    found = kept_reasons(outcome)
    tolerations = outcome.request.policy.tolerations
    if tolerations and any(toleration.seconds for toleration in tolerations):
        standing = [i for i in outcome.kept.before if i in outcome.shared.seats]
        for name, reasons in deadline_reasons(cycle, outcome.request, standing).items():
            found[name] = (*found.get(name, ()), *reasons)
        return dict(sorted(found.items()))
    return found


def _told(cycle: Cycle, decision: Decision, places: Sequence[int], moves: Sequence[Move]) -> None:
    """Tell the neighbours on which clusters the placement stands, and what it has left."""
    if cycle.neighbours is not None:
        index = cycle.columns.index
        left = {index[move.source]: Leaving(move.reason, move.why) for move in moves}
        left |= {index[name]: Leaving(reason) for name, reason in decision.left.items() if index[name] not in left}
        cycle.neighbours.decided(decision.placement, places, left)


def _frozen_dict(found: dict[str, T]) -> immutabledict[str, T]:
    """Most placements have none: one object for all of them."""
    return immutabledict(found) if found else _NONE


def _frozen(cycle: Cycle, request: Request, previous: Previous, funnel: Funnel) -> Decision:
    """The previous decision as it was, on the clusters that are still there."""
    index, names = cycle.columns.index, cycle.columns.names
    held = {index[binding.cluster]: binding for binding in previous.bindings if binding.cluster in index}
    against = {names[i]: funnel.standing(i) for i in sorted(held)}
    return Decision(
        request.name,
        tuple(held[i] for i in sorted(held)),
        refused=Refusals(names, held, lambda i: funnel.reasons(i) or (limit_reached(names[i]),)),
        kept=immutabledict({name: reasons for name, reasons in against.items() if reasons}),
        funnel=Lazily(funnel.steps),
        divided=request.divides,
    )


def _replicas(cycle: Cycle, items: tuple[tuple[str, int], ...]) -> immutabledict[str, int]:
    return cycle.columns.once(("replicas", items), lambda: immutabledict(items))


def _bindings(cycle: Cycle, request: Request, kept: Kept, shared: Shared) -> tuple[Binding, ...]:
    """One for each cluster with seats, sorted; where all is as it was before they are the same objects."""
    keys = sorted(workload.key for workload in request.workloads)
    places = sorted(shared.seats)
    # Most clusters have the same: they share it.
    several = shared.seats.values() if shared.alike is None else [shared.alike]
    distinct = {id(seats): seats for seats in several}
    made = {which: _replicas(cycle, tuple([(key, seats[key]) for key in keys])) for which, seats in distinct.items()}
    if list(kept.before) == places and len(made) == 1:
        ((replicas,),) = (made.values(),)
        alike = {id(binding.replicas): binding.replicas for binding in kept.before.values()}
        if all(list(before.items()) == list(replicas.items()) for before in alike.values()):
            return tuple(kept.before.values())
    names = cycle.columns.names
    if len(made) == 1 and len(places) > _MANY:
        # Alike placements on all clusters of a policy are most of the bindings there are.
        ((replicas,),) = (made.values(),)
        key = "bindings", tuple(replicas.items()), tuple(places)
        return cycle.columns.once(key, lambda: tuple([Binding(names[i], replicas) for i in places]))
    return tuple([Binding(names[i], made[id(shared.seats[i])]) for i in places])
