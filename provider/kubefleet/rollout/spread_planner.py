"""Which pods change next, so that a budget over the whole fleet is kept. Pure.

Kubernetes' rolling update, one level up: first more pods where they are wanted, as far as `max_surge` goes; then, when
these are available, fewer where they are not. Whatever a step may take down is charged until its pods are back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.model.strategy import SpreadUpdate
from kubefleet.rollout.planner import Action, Replicas, Step
from kubefleet.rollout.pods import Pods

_NOBODY: Mapping[str, Replicas] = immutabledict()


@dataclass(frozen=True, slots=True)
class Site:
    """A placement on one cluster: its pods by workload, and the revision that all its objects have (empty while one
    is on its way).
    """

    pods: Mapping[str, Pods]
    revision: str

    @property
    def replicas(self) -> dict[str, int]:
        """By workload."""
        return {key: pods.replicas for key, pods in sorted(self.pods.items())}


@dataclass(frozen=True, slots=True)
class Goal:
    """What a rollout is to come to: every cluster of `target` at the revision with its replicas, no pods elsewhere; or,
    where these are to be `lingering`, no more than the surge allows: an address there still gets traffic.
    """

    target: Mapping[str, Replicas]
    revision: str
    strategy: SpreadUpdate
    lingering: bool = False

    @property
    def desired(self) -> dict[str, int]:
        """Pods over the whole fleet, by workload."""
        return _sum(self.target.values())

    def reached(self, sites: Mapping[str, Site], lost: Iterable[str] = ()) -> bool:
        """Whether there is nothing left to do on clusters that can be reached, and the controllers of those that stay
        have seen all of it: where one has not, pods may still be those of before.
        """
        for name in set(self.target) - set(lost):
            site = sites.get(name)
            if site is None or site.revision != self.revision or _differ(site, self.target[name]):
                return False
        left = (site for name, site in sites.items() if name not in self.target)
        return self.lingering or not any(any(site.replicas.values()) for site in left)


@dataclass(slots=True)
class _Spending:
    """What is left of the budgets while steps are chosen that run together: pods that may be taken down, and pods that
    may be added, by workload. `surplus` are pods beyond those desired.
    """

    down: dict[str, int]
    up: dict[str, int]
    surplus: dict[str, int]
    surging: dict[str, bool]
    chosen: dict[str, Step] = field(default_factory=dict)


def next_steps(sites: Mapping[str, Site], goal: Goal, lost: Mapping[str, Replicas] = _NOBODY) -> tuple[Step, ...]:
    """Steps that may run together now, one a cluster, sorted by cluster. None: there is nothing to do, or the budget is
    used up until pods are back.

    `lost` are clusters that cannot be read, with the replicas that they have as far as anybody knows: these count as
    running where more are added, and as unavailable where some are taken down. A step changes replicas or the template,
    never both: the template first, but where an update does not fit because there are too few pods yet.
    """
    spending = _spending(sites, goal, lost)
    mine = [name for name in sorted(goal.target) if name not in lost]
    outdated = [name for name in mine if name in sites and sites[name].revision != goal.revision]
    for name in outdated:
        _update(spending, name, sites[name], goal, free=True)
    for name in mine:
        if name not in outdated and name not in spending.chosen:
            _add(spending, name, sites.get(name), goal)
    needed = _needed(spending, sites, goal, mine)
    # The last pod of a cluster that is left goes only where those of others are not enough.
    for spared in (1, 0) if goal.lingering else (0,):
        for name in sorted(sites, key=lambda name: (goal.lingering and name not in goal.target, name)):
            if name not in spending.chosen:
                _take_away(spending, name, sites[name], goal, needed, spared)
    for name in outdated:
        if name not in spending.chosen:
            _update(spending, name, sites[name], goal, free=False)
    for name in outdated if not spending.chosen else ():
        _add(spending, name, sites[name], goal)
    return tuple(spending.chosen[name] for name in sorted(spending.chosen))


def available(sites: Mapping[str, Site]) -> dict[str, int]:
    """Pods that are available at the least, by workload: by what is done already."""
    return _sum({key: pods.left for key, pods in site.pods.items()} for site in sites.values())


def least_during(sites: Mapping[str, Site], steps: Iterable[Step], revision: str) -> dict[str, int]:
    """As `available`, while some steps run."""
    by_cluster = {step.cluster: step for step in steps}
    found = []
    for name, site in sites.items():
        step = by_cluster.get(name)
        if step is None or step.action in {Action.CREATE, Action.SCALE_UP}:
            found.append({key: pods.left for key, pods in site.pods.items()})
        elif step.action is Action.UPDATE:
            found.append({key: pods.left_by_update(revision) for key, pods in site.pods.items()})
        else:
            found.append({key: pods.left_by_scale(step.replicas.get(key, 0)) for key, pods in site.pods.items()})
    return _sum(found)


def _spending(sites: Mapping[str, Site], goal: Goal, lost: Mapping[str, Replicas]) -> _Spending:
    desired, left = goal.desired, available(sites)
    running = _sum([*(site.replicas for site in sites.values()), *lost.values()])
    budgets = {key: goal.strategy.budget(key, count) for key, count in desired.items()}
    return _Spending(
        down={key: left.get(key, 0) - budget.min_available for key, budget in budgets.items()},
        up={key: desired[key] + budget.max_surge - running.get(key, 0) for key, budget in budgets.items()},
        surplus={key: running.get(key, 0) - desired[key] for key in desired},
        surging={key: budget.max_surge > 0 for key, budget in budgets.items()},
    )


def _update(spending: _Spending, name: str, site: Site, goal: Goal, *, free: bool) -> None:
    """The new template at the replicas that are there. Workloads that are new come with none."""
    takers = {key: pods for key, pods in site.pods.items() if not pods.free_to_update(goal.revision)}
    if free and takers:
        return
    costs = {key: pods.left - pods.left_by_update(goal.revision) for key, pods in takers.items()}
    if any(cost > spending.down.get(key, cost) for key, cost in costs.items()):
        return
    for key, cost in costs.items():
        if key in spending.down:
            spending.down[key] -= cost
    replicas = {key: site.pods[key].replicas if key in site.pods else 0 for key in sorted(goal.target[name])}
    spending.chosen[name] = Step(name, Action.UPDATE, replicas)


def _add(spending: _Spending, name: str, site: Site | None, goal: Goal) -> None:
    """As many pods more as may be; a new copy comes even where it may have none yet, with all its other objects."""
    here = {} if site is None else site.replicas
    replicas = {}
    for key, wanted in sorted(goal.target[name].items()):
        have = here.get(key, 0)
        more = max(0, min(wanted - have, spending.up.get(key, 0)))
        spending.up[key] = spending.up.get(key, 0) - more
        replicas[key] = have + more
    if site is None:
        spending.chosen[name] = Step(name, Action.CREATE, replicas)
    elif any(replicas[key] > here.get(key, 0) for key in replicas):
        spending.chosen[name] = Step(name, Action.SCALE_UP, replicas)


def _needed(spending: _Spending, sites: Mapping[str, Site], goal: Goal, mine: Iterable[str]) -> dict[str, int]:
    """How many lingering pods have to go, by workload: those that others need the room of, and those beyond what may
    run.
    """
    missing = Counter[str]()
    for name in mine:
        chosen, here = spending.chosen.get(name), sites[name].replicas if name in sites else {}
        have = here if chosen is None else chosen.replicas
        missing.update({key: max(0, count - have.get(key, 0)) for key, count in goal.target[name].items()})
    return {key: max(0, missing[key] - up) for key, up in spending.up.items()}


def _take_away(spending: _Spending, name: str, site: Site, goal: Goal, needed: dict[str, int], spared: int) -> None:
    """As many pods as are too many here and may go. With a surge only what others stand for already; of those that may
    linger only what is `needed`, and none of the last `spared`.
    """
    target, replicas = goal.target.get(name, {}), {}
    lingering = goal.lingering and name not in goal.target
    for key, pods in sorted(site.pods.items()):
        fewer = max(0, pods.replicas - target.get(key, 0))
        if key in spending.down:
            if lingering:
                fewer = min(max(0, fewer - spared), needed[key])
            most = spending.surplus[key] if spending.surging[key] else fewer
            fewer = max(0, min(fewer, most))
            while fewer and not _may_go(pods, fewer, spending.down[key]):
                fewer -= 1
            spending.down[key] -= pods.left - pods.left_by_scale(pods.replicas - fewer)
            spending.surplus[key] -= fewer
            needed[key] -= fewer
        replicas[key] = pods.replicas - fewer
    if replicas != site.replicas:
        spending.chosen[name] = Step(name, Action.SCALE_DOWN, replicas)


def _may_go(pods: Pods, fewer: int, spare: int) -> bool:
    replicas = pods.replicas - fewer
    return pods.free_to_scale(replicas) or pods.left - pods.left_by_scale(replicas) <= spare


def _differ(site: Site, target: Replicas) -> bool:
    here = site.pods
    return any(key not in here or here[key].replicas != n or not here[key].observed for key, n in target.items())


def _sum(several: Iterable[Replicas]) -> dict[str, int]:
    total = Counter[str]()
    for replicas in several:
        total.update(replicas)
    return {key: total[key] for key in sorted(total)}
