"""Walking a rollout pod by pod: what may run next is asked anew, of live state, before every round of steps."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubefleet.kube import ApiError, Cancelled, MemberError
from kubefleet.kube.scale_live import scale_live
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import SpreadUpdate
from kubefleet.rollout.each import on_each
from kubefleet.rollout.endings import cut_short, stopped, taken, went_on
from kubefleet.rollout.goal import goal_of
from kubefleet.rollout.planner import Action, Replicas, Step
from kubefleet.rollout.pods import Pods, at_once, scalable
from kubefleet.rollout.progress import Progress
from kubefleet.rollout.scaling import autoscaled_keys
from kubefleet.rollout.sites import LiveSites, read_sites
from kubefleet.rollout.spread_planner import Goal, Site, available, next_steps
from kubefleet.rollout.step import run_step
from kubefleet.rollout.task import Result, Task, pending_reason

_LOOK_AGAIN = 1.0


def run_spread(task: Task, strategy: SpreadUpdate, stage: str = "all") -> Result:
    """Bring every cluster of the target to its revision and its replicas, and those elsewhere to none, within the
    budget. Whole copies stay where they are left, without replicas: `Settle` removes them.

    Where the budget is used up it waits until pods are back, for as long as `progress_deadline` while nothing moves on.
    Never raises for what a member does. Running it again continues.
    """
    try:
        progress = Progress(stage, len(task.target), task.show)
        return _Walk(task, strategy, progress).run()
    except Cancelled:
        return Result(Phase.INTERRUPTED, "cancelled. Run `pulumi up` again to continue")
    except MemberError as error:
        return Result(Phase.FAILED, str(error))


@dataclass(slots=True)
class _Walk:
    """One run. `finished` are clusters that it has brought to the revision:
    their record says so only at the end. `known` are the replicas of each cluster when it was last read, `lost` are
    members that could not be, `failed` those that are left as they are: both count as unavailable.
    """

    task: Task
    strategy: SpreadUpdate
    progress: Progress
    finished: set[str] = field(default_factory=set)
    known: dict[str, Replicas] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    told: str = ""

    def run(self) -> Result:
        """Rounds of steps until there is nothing left to do, or nothing can be done."""
        absent: frozenset[str] | None = None
        moved_on, before = time.monotonic(), ""
        while True:
            live = read_sites(self.task, [name for name in self.task.members if name not in self._absent])
            self.lost.update(live.unreachable)
            if absent is None:
                absent = frozenset(self.lost)
                completed = {name: site.revision for name, site in live.sites.items()}
                if (result := taken(self.task, completed, self._pending())) is not None:
                    return result
            sites = self._sites(live)
            goal = self._goal(sites)
            missing = {name: self._last_known(name) for name in self._absent}
            steps = next_steps(sites, goal, missing)
            if steps:
                if (result := self._round(live, steps)) is not None:
                    return result
                moved_on = time.monotonic()
                continue
            if goal.reached(sites, self._absent) and not set(self.lost) - absent:
                break
            now = repr(available(sites))
            moved_on, before = (time.monotonic(), now) if now != before else (moved_on, before)
            stuck = self._why(sites, goal, absent)
            if stuck or time.monotonic() - moved_on >= self.strategy.progress_deadline:
                return Result(Phase.FAILED, stuck or self._waits_for(sites, goal), self._pending())
            self._wait(self._waits_for(sites, goal))
            self.lost = {name: why for name, why in self.lost.items() if name in absent}
        return self._judged(sites, goal)

    def _sites(self, live: LiveSites) -> dict[str, Site]:
        """As they were read, but for what this run knows better."""
        sites = {}
        for name, found in live.sites.items():
            self.known[name] = found.replicas
            site = sites[name] = self._known_better(name, found)
            if name in self.task.target and site.revision == self.task.revision and not self._lacks(site, name):
                self.progress.done(name)
        return sites

    def _last_known(self, name: str) -> Replicas:
        """What a cluster has that cannot be read, as far as this run or the last one knows; else what it is to have."""
        for seen in (self.known, self.task.had, self.task.target):
            if name in seen:
                return seen[name]
        return {}

    def _known_better(self, name: str, site: Site) -> Site:
        """What was brought to the revision is at it; an update goes by the strategy of the manifests, not by that which
        is live; and how many replicas an autoscaler has on a cluster that is left is not ours: they go with the copy.
        """
        own = frozenset() if name in self.task.target else autoscaled_keys(self.task)
        kept = self.task.back.get(name)
        manifests = scalable((self.task.manifests_on(name) if kept is None else kept.manifests).values())
        pods = {key: _with_new_strategy(pods, manifests.get(key)) for key, pods in site.pods.items() if key not in own}
        return Site(pods, self.task.revision if name in self.finished else site.revision)

    def _lacks(self, site: Site, name: str) -> bool:
        return any(site.replicas.get(key, 0) < wanted for key, wanted in self.task.target[name].items())

    def _goal(self, sites: Mapping[str, Site]) -> Goal:
        """Of an autoscaled workload every cluster is to have what it has."""
        own = autoscaled_keys(self.task)
        target = {}
        for name, replicas in self.task.target.items():
            here = sites[name].replicas if name in sites else {}
            target[name] = {key: here.get(key, wanted) if key in own else wanted for key, wanted in replicas.items()}
        found = goal_of(self.task.manifests, target, self.task.revision, self.strategy, self.task.own)
        return replace(found, lingering=self.task.lingers)

    def _round(self, live: LiveSites, steps: tuple[Step, ...]) -> Result | None:
        """Run steps together; a result where that ends the run."""
        outcomes = on_each(
            steps,
            lambda step: step.cluster,
            lambda step: self._run(live, step),
            self.task.max_parallel,
            self.task.going,
        )
        self.lost.update({**outcomes.lost, **outcomes.unknown})
        pending = self._pending()
        self.failed.update(outcomes.failures)
        if not self.strategy.on_failure.goes_on(len(self.failed), len(self.task.target)):
            return stopped(self.failed, self.strategy.on_failure, pending)
        return cut_short(outcomes, self._pending())

    def _run(self, live: LiveSites, step: Step) -> None:
        """One step. Where another revision runs only its replicas change, its template stays as it is."""
        name = step.cluster
        if self._applies(live, step):
            run_step(self.task, name, step.replicas, self.progress)
            self.finished.add(name)
            return
        connection, up = self.task.connect(name), step.action is Action.SCALE_UP
        counts = ", ".join(f"{key.rpartition('/')[2]} {count}" for key, count in step.replicas.items())
        self.task.timeline.note(f"{name} gets {'more' if up else 'fewer'} replicas: {counts}")
        for key, ref in live.found[name].workloads.items():
            try:
                scale_live(connection, ref, step.replicas.get(key, 0), self.task.identity, up=up)
            except ApiError as error:
                if error.status != 409:
                    raise
                # It has changed since it was read: the next round looks again.

    def _applies(self, live: LiveSites, step: Step) -> bool:
        """Whether a step brings the whole of the manifests, and is waited for."""
        if step.action is Action.SCALE_UP:
            return step.cluster in self.finished or live.found[step.cluster].site.revision == self.task.revision
        return step.action is not Action.SCALE_DOWN or (step.cluster in self.finished & set(self.task.target))

    def _why(self, sites: Mapping[str, Site], goal: Goal, absent: frozenset[str]) -> str:
        """Why waiting is in vain; empty where it is not: all pods are there, and the next step still does not fit."""
        if set(self.lost) - absent or any(
            pods.available != pods.replicas or not pods.steady for site in sites.values() for pods in site.pods.values()
        ):
            return ""
        if self._absent:
            names = ", ".join(f"{name} ({why})" for name, why in sorted(self._absent.items()))
            return f"{self._numbers(sites, goal)}; what cannot be reached or has failed counts as unavailable: {names}"
        return f"{self._numbers(sites, goal)}, and the next step would take down more at once"

    def _numbers(self, sites: Mapping[str, Site], goal: Goal) -> str:
        """`web: 9 of 12 pods are available, at least 10 have to be`."""
        there, desired = available(sites), goal.desired
        return "; ".join(
            f"{key.rpartition('/')[2]}: {there.get(key, 0)} of {wanted} pods are available, "
            f"at least {goal.strategy.budget(key, wanted).min_available} have to be"
            for key, wanted in desired.items()
        )

    def _waits_for(self, sites: Mapping[str, Site], goal: Goal) -> str:
        short = [
            name
            for name, site in sorted(sites.items())
            if any(pods.left < pods.replicas or not pods.observed for pods in site.pods.values())
        ]
        where = ", ".join([*short, *(f"{name} ({why})" for name, why in sorted(self._absent.items()))])
        return f"{self._numbers(sites, goal)}: waits for {where or 'pods'}"

    def _wait(self, why: str) -> None:
        """Raises Cancelled."""
        if why != self.told:
            self.task.show(why)
            self.told = why
        self.task.sleep(_LOOK_AGAIN)

    @property
    def _absent(self) -> dict[str, str]:
        return {**self.lost, **self.failed}

    def _pending(self) -> tuple[str, ...]:
        return tuple(sorted(set(self._absent) & set(self.task.target)))

    def _judged(self, sites: Mapping[str, Site], goal: Goal) -> Result:
        """Members that could not be reached or have failed count as unavailable: within the budget it is complete."""
        pending, there = self._pending(), available(sites)
        silent = [name for name in pending if name not in self.failed]
        reason = "; ".join(filter(None, (went_on(self.failed), pending_reason(silent, self.lost))))
        short = any(
            there.get(key, 0) < goal.strategy.budget(key, wanted).min_available for key, wanted in goal.desired.items()
        )
        if pending and short:
            why = f"{reason}. Run `pulumi up` again when it is back"
            return Result(Phase.FAILED, why, pending, broken=bool(self.failed))
        return Result(Phase.COMPLETE, reason, pending)


def _with_new_strategy(pods: Pods, manifest: Mapping[str, Any] | None) -> Pods:
    return pods if manifest is None else replace(pods, next_at_once=at_once(manifest, pods.replicas))
