"""What a rollout is given, and what it returns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from immutabledict import immutabledict

from kubefleet.health.checks import Check
from kubefleet.kube import Cancelled, Connection
from kubefleet.kube.kept_revision import KeptRevision
from kubefleet.kube.member_apply import Wanted
from kubefleet.kube.patience import Impatient, Patience, never
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.apply_options import CAREFUL, ApplyOptions
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import Strategy
from kubefleet.rollout.planner import Replicas
from kubefleet.rollout.timeline import Timeline
from kubefleet.rollout.wanted import NOBODY, KnownAs


def nothing_to_narrow(_cluster: str, _wanted: Wanted) -> None:
    """Rights are somebody else's to give."""


def nothing_to_withdraw(_cluster: str) -> None:
    """Rights are somebody else's to give."""


@dataclass(frozen=True, slots=True)
class Task:
    """One placement's rollout.

    `manifests` are whole objects by key, `target` says which clusters get how many replicas. `members` are all that may
    hold something of it (leaving ones too), `held_before` those that the last run left it on, `had` with how many
    replicas each. `connect` raises Unreachable. `divided`: replicas, and the bounds of autoscalers, are parts of a
    whole. `partners` are uids of placements of the same run that share followers of the same content, `going`
    placements that are removed at the end of this command (uid -> name). `behind` are clusters that the stages before
    could not bring up to date. `fresh`: the stack has never placed it. `show` takes one line of progress, `warn` one
    that has to stay in sight. `checks` are the user's own of health, `checks_before` those of the last rollout that
    completed. `back` are clusters that go back to what was kept of them, in a task that is a rollback: all others are
    as they should be. `drifted` are clusters where others have changed something. `companions`: what counts pods is
    divided as they are, over the `whole` target where this one is of a stage. `own` are the manifests of clusters where
    overrides hold, and `own_revisions` what these record for the task's revision. `stop_first`: its copies stop before
    others start elsewhere; `may_hold` are all members that may hold one. `lingers`: where pods are counted, those of
    clusters that are left stay until `Settle` may remove them, as far as the surge goes. `timeline` notes what happens
    when. `look` connects for what is no object of the placement (None: as `connect`); once a cluster has what it should
    and no more the task's rights there are to `narrow`, and to `withdraw` where nothing of it is left.
    """

    identity: PlacementIdentity
    manifests: Mapping[str, Mapping[str, Any]]
    revision: str
    target: Mapping[str, Replicas]
    members: tuple[str, ...]
    strategy: Strategy
    connect: Callable[[str], Connection]
    show: Callable[[str], None]
    warn: Callable[[str], None]
    divided: bool = False
    known_as: KnownAs = NOBODY
    partners: frozenset[str] = frozenset()
    going: Mapping[str, str] = field(default_factory=immutabledict)
    held_before: frozenset[str] = frozenset()
    had: Mapping[str, Replicas] = field(default_factory=immutabledict)
    behind: frozenset[str] = frozenset()
    fresh: bool = False
    cancelled: Callable[[], bool] = never
    max_parallel: int = 32
    checks: tuple[Check, ...] = ()
    checks_before: tuple[Check, ...] = ()
    back: Mapping[str, KeptRevision] = field(default_factory=immutabledict)
    options: ApplyOptions = CAREFUL
    drifted: frozenset[str] = frozenset()
    companions: bool = True
    whole: Mapping[str, Replicas] = field(default_factory=immutabledict)
    own: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=immutabledict)
    own_revisions: Mapping[str, str] = field(default_factory=immutabledict)
    stop_first: bool = False
    may_hold: tuple[str, ...] = ()
    lingers: bool = False
    timeline: Timeline = field(default_factory=Timeline, compare=False)
    look: Callable[[str], Connection] | None = None
    narrow: Callable[[str, Wanted], None] = nothing_to_narrow
    withdraw: Callable[[str], None] = nothing_to_withdraw

    @property
    def kin(self) -> frozenset[str]:
        """Placements of this command whose objects it may have as well: they share them, or go at its end."""
        return self.partners | frozenset(self.going)

    @property
    def divides_companions(self) -> bool:
        """Whether what counts pods is divided as they are."""
        return self.divided and self.companions

    @property
    def everywhere(self) -> Mapping[str, Replicas]:
        """The target of all stages together."""
        return self.whole or self.target

    def manifests_on(self, cluster: str) -> Mapping[str, Mapping[str, Any]]:
        """The objects as that cluster is to have them."""
        return self.own.get(cluster, self.manifests)

    def revision_on(self, cluster: str) -> str:
        """The task's revision, as that cluster records it."""
        return self.own_revisions.get(cluster, self.revision)

    def sleep(self, seconds: float) -> None:
        """Raises Cancelled when the user cancels meanwhile."""
        try:
            Patience(seconds, cancelled=self.cancelled).sleep(seconds)
        except Impatient as error:
            raise Cancelled(self.identity.placement) from error

    def checks_of(self, revision: str) -> tuple[Check, ...]:
        """Those that a copy is judged by. A check may ask for what only the new revision has: one of a revision that
        was completed before is judged by those of its own rollout, or all would count as broken, and change at once.
        """
        return self.checks_before if revision and revision != self.revision else self.checks

    def stands_for(self, cluster: str, revision: str) -> str:
        """What counts as the revision of something on a cluster: with overrides each records another one; each may go
        back to another one, and those that do not go back are not touched.
        """
        if not self.back and cluster in self.drifted:
            return f"{revision} with drift"
        if not self.back and revision == self.revision_on(cluster):
            return self.revision
        if not self.back:
            return f"{revision} with other overrides" if revision == self.revision else revision
        kept = self.back.get(cluster)
        return self.revision if kept is None or kept.revision == revision else f"not {self.revision}"


@dataclass(frozen=True, slots=True)
class Result:
    """How far it got. `pending` are members that still have to be brought up to date: they could not be reached, or
    failed while the rollout went on. `broken`: something that was changed is not as it should be, or a gate says so;
    that a member is silent is neither.
    """

    phase: Phase
    reason: str = ""
    pending: tuple[str, ...] = ()
    broken: bool = False


def pending_reason(pending: Iterable[str], lost: Mapping[str, str]) -> str:
    """Why members still have to be brought up to date; empty where there are none."""
    return "; ".join(f"{name} is pending: {lost[name]}" for name in pending)
