"""From the inputs of `Stage` and `Settle` to the task of a rollout."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from immutabledict import immutabledict

from kubefleet.health.checks import Check
from kubefleet.kube import Connection, Unreachable
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.strategy import SpreadUpdate
from kubefleet.model.subject import Subject
from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._before_removal import gates_of
from kubefleet.resources._federation import acting_for, identity_settings, operator_of
from kubefleet.resources._inputs import access_of, all_members
from kubefleet.resources._of_stage import of_stage
from kubefleet.resources._overrides import own_manifests, own_revisions
from kubefleet.resources._strategy import strategy_of
from kubefleet.resources.stage import is_divided, never_placed
from kubefleet.rollout.acting import acting
from kubefleet.rollout.goal import goal_of
from kubefleet.rollout.task import Task
from kubefleet.rollout.tighten import tightened
from kubefleet.rollout.wanted import KnownAs
from kubefleet.spec.affinity import parse_apart
from kubefleet.spec.apply_options import parse_options
from kubefleet.spec.follower_kinds import is_follower
from kubefleet.spec.health_check import parse_checks
from kubefleet.spec.mistakes import Mistake, MistakesError
from kubefleet.spec.restarts import parse_restart_on, with_restarts
from kubefleet.spec.singleton import stops_first


def make_task(news: Props, olds: Props | None) -> Task:
    """The task; the manifests come from memory, where `Ownership.check` of this process has put them."""
    urn, members = _engine.current_urn(), all_members(news)
    target, reached = news["to"], tuple(sorted(members))
    if "stage" in news:
        target = of_stage(news, target)
        reached = tuple(sorted(target))
    manifests, own = _session.manifests[news["uid"]], own_manifests(news)
    restart_on, versions = restarting(news), _session.versions.get(news["uid"], {})
    manifests = with_restarts(manifests, restart_on, versions)
    own = {name: with_restarts(item, restart_on, versions) for name, item in own.items()}
    strategy = strategy_of(news, manifests)
    if isinstance(strategy, SpreadUpdate):
        goal = goal_of(manifests, target, news["revision"], strategy, own)
        manifests = tightened(manifests, goal)
        own = {name: tightened(item, goal) for name, item in own.items()}
    task = Task(
        identity=identity_of(news),
        manifests=manifests,
        revision=news["revision"],
        target=target,
        members=reached,
        strategy=strategy,
        connect=connector(members),
        show=lambda line: _engine.show(line, urn=urn),
        warn=lambda line: _engine.show(line, urn=urn, ephemeral=False, warning=True),
        divided=is_divided(news),
        whole=news["to"],
        companions=news.get("divide_companions") is not False,
        known_as=KnownAs(immutabledict(news.get("labels") or {}), parse_apart(news.get("apart") or (), news["fleet"])),
        partners=partners_of(news["uid"]),
        going=_session.going,
        behind=frozenset(name for stage in (news.get("after") or {}).values() for name in stage.get("pending") or ()),
        fresh=("stage" in news or "after" not in news) and never_placed(olds, news),
        held_before=frozenset((olds or {}).get("to") or {}) | frozenset((olds or {}).get("pending") or ()),
        had=(olds or {}).get("to") or {},
        cancelled=_engine.cancelled.is_set,
        checks=_checks(news),
        stop_first=stops_first(news.get("move"), manifests.values()),
        may_hold=tuple(sorted(members)),
        lingers=isinstance(strategy, SpreadUpdate) and bool(gates_of(news)),
        options=replace(parse_options(news.get("options")), pods_counted=isinstance(strategy, SpreadUpdate)),
        drifted=frozenset(news.get("drift") or ()),
        own=own,
        own_revisions=own_revisions(news),
        checks_before=parse_checks((olds or {}).get("proven"), "health", (), [], every=False),
    )
    federated = acting_for(news, members, task.kin)
    if federated is None:
        return task
    operator = operator_of(identity_settings(news))
    return acting(replace(task, identity=replace(task.identity, operator=operator)), federated)


def restarting(news: Props) -> tuple[Subject, ...]:
    """Settings that restart what reads them."""
    raw = news.get("restart_on") or ()
    names = [raw] if isinstance(raw, str) else raw
    return parse_restart_on(names, _session.manifests.get(news["uid"], {}), "restart_on", [])


def _checks(news: Props) -> tuple[Check, ...]:
    """The user's health checks, which `Schedule.check` has found fine. Raises MistakesError: none is ever left out."""
    mistakes: list[Mistake] = []
    checks = parse_checks(news.get("health"), "health", (), mistakes, every=False)
    if mistakes:
        raise MistakesError(mistakes)
    return checks


def identity_of(props: Props) -> PlacementIdentity:
    """Under which names this placement writes."""
    return PlacementIdentity(props["uid"], props["placement"], props["fleet"], props.get("stack", ""))


def connector(members: Mapping[str, Mapping[str, Any]]) -> Callable[[str], Connection]:
    """Opens connections to these members by name, each once in this process."""

    def connect(name: str) -> Connection:
        if name not in members:
            raise Unreachable(name, "no longer declared")
        connection: Connection = _session.connection_to(name, access_of(name, members[name]))
        return connection

    return connect


def partners_of(uid: str) -> frozenset[str]:
    """Placements of this run that share a follower of the same content with this one."""
    mine = {key: item for key, item in _session.manifests.get(uid, {}).items() if is_follower(item)}
    return frozenset(
        other
        for other, manifests in list(_session.manifests.items())
        if other != uid and any(manifests.get(key) == item for key, item in mine.items())
    )
