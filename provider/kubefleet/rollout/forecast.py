"""How a rollout will go if nothing breaks: its steps, and how few pods are available meanwhile. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from immutabledict import immutabledict

from kubefleet.rollout.planner import Action, Replicas, Step
from kubefleet.rollout.pods import planned, scalable
from kubefleet.rollout.spread_planner import Goal, Site, available, least_during, next_steps

Manifests = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`rounds` of steps that run together; the fewest pods available by workload; where a step never fits, why."""

    rounds: tuple[tuple[Step, ...], ...]
    lowest: Mapping[str, int]
    stuck: str = ""


def forecast(
    before: Mapping[str, Replicas],
    revision: str,
    goal: Goal,
    manifests: Manifests,
    own: Mapping[str, Manifests] = immutabledict(),
) -> Forecast:
    """From what was placed at a revision to the goal. `manifests` are those of the goal, and `own` those of clusters
    that have others: a workload's own strategy counts as it will be.
    """
    names = {*before, *goal.target}
    workloads = {name: scalable(own.get(name, manifests).values()) for name in names}
    sites = {name: _site(workloads[name], replicas, revision) for name, replicas in before.items()}
    rounds, lowest = [], available(sites)
    while steps := next_steps(sites, goal):
        rounds.append(steps)
        during = least_during(sites, steps, goal.revision)
        lowest = {key: min(count, during.get(key, 0)) for key, count in lowest.items()}
        for step in steps:
            there = sites[step.cluster].revision if step.cluster in sites else goal.revision
            here = goal.revision if step.action in {Action.CREATE, Action.UPDATE} else there
            sites[step.cluster] = _site(workloads[step.cluster], step.replicas, here)
    return Forecast(tuple(rounds), lowest, "" if goal.reached(sites) else _why(sites, goal))


def _site(workloads: Manifests, replicas: Replicas, revision: str) -> Site:
    pods = {key: planned(workloads[key], count, revision) for key, count in replicas.items() if key in workloads}
    return Site(pods, revision)


def _why(sites: Mapping[str, Site], goal: Goal) -> str:
    """The first step that takes down more than may be unavailable, with all pods there."""
    for key, desired in goal.desired.items():
        budget, name = goal.strategy.budget(key, desired), key.rpartition("/")[2]
        spare = available(sites).get(key, 0) - budget.min_available
        for cluster in sorted(goal.target):
            pods = sites[cluster].pods.get(key) if cluster in sites else None
            cost = pods.left - pods.left_by_update(goal.revision) if pods is not None else 0
            if cost > spare:
                return (
                    f"an update of {name} on {cluster} takes down {cost} pods at once by its own strategy, and of "
                    f"{desired} pods {budget.min_available} have to be available (expected a smaller `maxUnavailable` "
                    f"of {name}, `tighten=True`, or a larger budget)."
                )
    return "no step fits the budget (expected a `max_surge`, or a larger budget)."


def impossible(goal: Goal) -> str:
    """Why a budget can never be kept, or is that of nobody; empty where it can be kept."""
    names = {key.rpartition("/")[2] for key in goal.desired}
    if names and (unknown := sorted(set(goal.strategy.own) - names)):
        return f"no workload `{unknown[0]}` (expected one of: {', '.join(sorted(names))})."
    for key, desired in goal.desired.items():
        least = goal.strategy.budget(key, desired).min_available
        if least > desired:
            return f"{least} pods of {key.rpartition('/')[2]} have to be available, and only {desired} are desired."
    return ""
