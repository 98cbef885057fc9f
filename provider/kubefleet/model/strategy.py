"""Strategies: how fast a rollout may go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from immutabledict import immutabledict

from kubefleet.model.gate import Gate
from kubefleet.model.on_failure import PAUSE, OnFailure
from kubefleet.model.share import Share


@dataclass(frozen=True, slots=True)
class RollingUpdate:
    """Unit is the cluster. In seconds: `progress_deadline` per cluster; `unverified_wait` after which an object whose
    health nobody can tell passes. At most `max_concurrency` clusters change at once, whatever they cost.
    """

    max_unavailable: Share = Share(25, percent=True)
    max_surge: Share = Share(25, percent=True)
    progress_deadline: int = 600
    unverified_wait: int = 60
    max_concurrency: Share = Share(100, percent=True)
    on_failure: OnFailure = PAUSE


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one workload over the whole fleet: the fewest pods that may be available, and the most beyond those desired
    that may run.
    """

    min_available: int
    max_surge: int


@dataclass(frozen=True, slots=True)
class SpreadUpdate:
    """Unit is the pod, counted over the whole fleet: updates and moves share one budget for each workload.

    `min_available` stands instead of `max_unavailable`. In seconds: `progress_deadline` for which nothing may move on;
    `unverified_wait` as in `RollingUpdate`. `own` has what is different for single workloads, by their name.
    With `tighten` Deployments whose own strategy takes down more than the budget has are applied with a smaller one.
    One that `yields`, the default of divided replicas, lets as many be unavailable as a workload's own strategy takes
    down.
    """

    max_unavailable: Share = Share(25, percent=True)
    max_surge: Share = Share(25, percent=True)
    min_available: Share | None = None
    progress_deadline: int = 600
    unverified_wait: int = 60
    own: "immutabledict[str, SpreadUpdate]" = field(default_factory=immutabledict)
    tighten: bool = False
    on_failure: OnFailure = PAUSE
    yields: bool = False

    def budget(self, workload: str, desired: int) -> Budget:
        """For a workload (`Kind/namespace/name`) of so many pods. Kubernetes' rounding: `max_unavailable` down,
        `max_surge` up, and where both come to nothing one pod may be unavailable; `min_available` up, as that of a
        PodDisruptionBudget.
        """
        if own := self.own.get(workload.rpartition("/")[2]):
            return own.budget("", desired)
        surge = self.max_surge.up(desired)
        if self.min_available is not None:
            return Budget(self.min_available.up(desired), surge)
        unavailable = self.max_unavailable.down(desired)
        if not unavailable and not surge:
            unavailable = 1
        return Budget(max(0, desired - unavailable), surge)


REST: Final = "rest"
"""The stage of clusters that no stage selects: the last one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Clusters that change together: by name, or those that have all these labels. `before` it and `after` it are
    gates.
    """

    name: str
    clusters: tuple[str, ...] = ()
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    max_concurrency: Share = Share(1)
    before: tuple[Gate, ...] = ()
    after: tuple[Gate, ...] = ()

    def selects(self, cluster: str, labels: Mapping[str, str]) -> bool:
        """Whether a cluster is of this stage."""
        if self.clusters:
            return cluster in self.clusters
        return all(labels.get(key) == value for key, value in self.labels.items())


@dataclass(frozen=True, slots=True)
class StagedUpdate:
    """Stages one after the other, the next when all clusters of the last are healthy and its gates are passed; then
    those that no stage selects. Durations as in `RollingUpdate`.
    """

    stages: tuple[Stage, ...]
    progress_deadline: int = 600
    unverified_wait: int = 60
    on_failure: OnFailure = PAUSE

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """With the last one, of the clusters that are left."""
        return (*self.stages, Stage(REST, max_concurrency=Share(25, percent=True)))

    def stage(self, name: str) -> Stage:
        """By name. Raises KeyError."""
        return {stage.name: stage for stage in self.all_stages}[name]

    def stage_of(self, cluster: str, labels: Mapping[str, str]) -> str:
        """The name of the first stage that selects a cluster; `REST` selects all."""
        return next(stage.name for stage in self.all_stages if stage.selects(cluster, labels))


Strategy = RollingUpdate | SpreadUpdate | StagedUpdate
