"""Clusters that become healthy when they are said to, by a clock that only moves when somebody waits."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from kubefleet.kube import Unreachable
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import StagedUpdate
from kubefleet.resources import _gates
from kubefleet.rollout import gates
from kubefleet.rollout import stage as walked
from kubefleet.rollout.live import Live
from kubefleet.rollout.planner import Copy
from kubefleet.rollout.task import Task
from kubefleet.rollout.waiting import Unhealthy
from kubefleet.rollout.walk import run_rollout

KEY = "Deployment/shop/web"
WEB = ObjectRef("apps/v1", "Deployment", "shop", "web")
NEVER = 10**9


class World:
    """Each cluster has a copy of the revision `old`. `takes`: seconds until it is healthy at another one (`0`: it is
    there already, `-`: never, `!3`: it fails after 3, `x`: it cannot be reached).
    """

    def __init__(self, takes: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.takes = dict(takes)
        self.now = self._until = 0
        self.begun: dict[str, int] = {}
        self.healthy = {name for name, text in takes.items() if text == "0"}
        self._lock = threading.Lock()
        monkeypatch.setattr(walked, "read_live", self.read_live)
        monkeypatch.setattr(walked, "run_step", self.run_step)
        monkeypatch.setattr(gates, "read_live", self.read_live)

    def read_live(self, _task: Task, clusters: Iterable[str]) -> Live:
        """A step runs from one look to the next."""
        self.now = max(self.now, self._until)
        names = sorted(clusters)
        copies = {
            name: Copy(name, "new" if name in self.healthy else "old", {KEY: 1}, available=True)
            for name in names
            if self.takes[name] != "x"
        }
        return Live(copies, {name: "no answer" for name in names if name not in copies})

    def run_step(self, task: Task, cluster: str, *_: Any) -> None:
        text = self.takes[cluster]
        fails = text.startswith("!")
        seconds = NEVER if text == "-" else int(text.removeprefix("!"))
        deadline = task.strategy.progress_deadline
        with self._lock:
            self.begun[cluster] = self.now
            self._until = max(self._until, self.now + min(seconds, deadline))
            if fails or seconds > deadline:
                raise Unhealthy(cluster, WEB, "it does not start")
            self.healthy.add(cluster)

    def walk(self, strategy: StagedUpdate) -> tuple[Phase, tuple[str, ...]]:
        """All stages; how far it got, and which clusters are pending."""
        after: dict[str, Any] = {}
        pending: tuple[str, ...] = ()
        for stage in strategy.all_stages:
            if _gates.held_by_stage({"after": after}):
                break
            names = sorted(name for name in self.takes if strategy.stage_of(name, {}) == stage.name)
            task = self._task(strategy, names)
            result = run_rollout(task, stage.name)
            self.now = max(self.now, self._until)
            if result.phase is Phase.COMPLETE and names:
                passed = gates.Gates(task, stage.name, tuple(names), clock=lambda: self.now)
                result = passed.after(stage.after, self.now) or result
            pending += result.pending
            after = {stage.name: {"phase": result.phase}}
        return result.phase, pending

    def _task(self, strategy: StagedUpdate, names: list[str]) -> Task:
        world = self

        class Timed(Task):
            """Sleeping moves the clock."""

            def sleep(self, seconds: float) -> None:
                world.now += round(seconds)

        return Timed(
            identity=PlacementIdentity("0" * 16, "web", "shop", "dev"),
            manifests={},
            revision="new",
            target={name: {KEY: 1} for name in names},
            members=tuple(names),
            strategy=strategy,
            connect=self._nobody,
            show=lambda _: None,
            warn=lambda _: None,
        )

    def _nobody(self, name: str) -> Any:
        raise Unreachable(name, "no answer")
