"""What a preview says of a rollout: of one that counts pods how few there will be, of others how long it may take."""

from dataclasses import replace

from kubefleet.model.strategy import RollingUpdate, SpreadUpdate, StagedUpdate
from kubefleet.report.duration_text import duration_text
from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._before_removal import gates_of
from kubefleet.resources._gates import held_by_approval
from kubefleet.resources._of_stage import of_stage
from kubefleet.resources._overrides import own_manifests
from kubefleet.resources._strategy import strategy_of
from kubefleet.resources.stage import is_divided
from kubefleet.rollout.companions import told
from kubefleet.rollout.forecast import Forecast, forecast, impossible
from kubefleet.rollout.goal import goal_of
from kubefleet.rollout.longest import longest_stage, longest_walk
from kubefleet.rollout.spread_planner import Goal
from kubefleet.rollout.tighten import tightened
from kubefleet.spec.named_objects import UnknownPartError
from kubefleet.spec.restarts import not_restarted


def expected(olds: Props, news: Props) -> tuple[str, list[str]]:
    """`4 steps, at least 10 of 12 web available`, and mistakes; nothing where pods are not counted or nothing is to be
    done.
    """
    if news.get("to") is None or news.get("uid") not in _session.manifests:
        return "", []
    manifests = _session.manifests[news["uid"]]
    strategy = strategy_of(news, manifests)
    if not isinstance(strategy, SpreadUpdate):
        return "", []
    given = own_manifests(news)
    goal = goal_of(manifests, news["to"], str(news.get("revision")), strategy, given)
    goal = replace(goal, lingering=bool(gates_of(news)))
    path = f"placements.{news['placement']}.strategy"
    if why := impossible(goal):
        return "", [f"{path}: {why}"]
    before = olds.get("to") or {}
    own = {name: tightened(item, goal) for name, item in given.items()}
    found = forecast(before, str(olds.get("revision") or ""), goal, tightened(manifests, goal), own)
    if found.stuck:
        return "", [f"{path}: {found.stuck}"]
    return _line(found, goal) if before else "", []


def takes(olds: Props, news: Props) -> str:
    """`2 clusters, at most 20m`, and what it needs; nothing where nothing changes."""
    strategy = strategy_of(news, _session.manifests.get(str(news.get("uid")), {}))
    before, now = olds.get("to") or {}, news.get("to") or {}
    revision = news.get("revision")
    if "stage" in news:
        before, now = of_stage(news, before), of_stage(news, now)
    changed = [name for name in now if olds.get("revision") != revision or before.get(name) != now[name]]
    if not changed:
        return ""
    needs = ""
    if isinstance(strategy, StagedUpdate):
        stage = strategy.stage(str(news["stage"]))
        seconds = longest_stage(strategy, stage, len(changed), len(now))
        new = olds.get("revision") != revision
        needs = ", needs an approval" if new and held_by_approval(news, stage, olds) else ""
    elif isinstance(strategy, RollingUpdate):
        seconds = longest_walk(strategy, len(changed), len(now))
    else:
        return ""
    return f"{len(changed)} cluster{'s' if len(changed) > 1 else ''}, at most {duration_text(seconds)}{needs}"


def companions(olds: Props, news: Props) -> str:
    """What becomes of the disruption budgets of divided workloads; those that allow no eviction are warned of."""
    same = all(olds.get(key) == news.get(key) for key in ("to", "revision", "divide_companions"))
    if same or not isinstance(news.get("to"), dict) or news.get("uid") not in _session.manifests:
        return ""
    divides = is_divided(news) and news.get("divide_companions") is not False
    try:
        lines, warnings = told(_session.manifests[news["uid"]], news["to"], divided=divides)
    except UnknownPartError:
        # Something in a budget or in a pod template is not known in this preview.
        return ""
    for warning in warnings:
        _engine.show(warning, ephemeral=False, warning=True)
    return ", ".join(lines)


def unrestarted(olds: Props, news: Props) -> list[str]:
    """Settings that change without a restart of the pods that read them, one line each."""
    from kubefleet.resources._task import restarting

    uid = str(news.get("uid"))
    if not olds.get("to") or olds.get("revision") == news.get("revision") or uid not in _session.manifests:
        return []
    try:
        found = not_restarted(_session.before.get(uid, {}), _session.manifests[uid], restarting(news))
    except UnknownPartError:
        # Something that names settings is not known in this preview.
        return []
    return [
        f"config changed ({settings}), pods of {workload.rpartition('/')[2]} will not restart (restart_on makes them)"
        for settings, workload in found
    ]


def _line(found: Forecast, goal: Goal) -> str:
    steps = sum(len(steps) for steps in found.rounds)
    if not steps:
        return ""
    parts = [
        f"at least {min(count, found.lowest[key])} of {count} {key.rpartition('/')[2]} available"
        for key, count in goal.desired.items()
        if key in found.lowest
    ]
    longest = duration_text(len(found.rounds) * goal.strategy.progress_deadline)
    return ", ".join([f"{steps} step{'s' if steps > 1 else ''}", *parts, f"at most {longest}"])
