"""Which rights a rollout takes, before anything is written: for previews."""

from collections.abc import Collection
from dataclasses import dataclass, field

from kubefleet.identity import Action
from kubefleet.identity.ceiling import outside_ceiling
from kubefleet.identity.rights import rights_for
from kubefleet.kube import Connection, MemberError, Unreachable, fan_out
from kubefleet.rollout.acting import Acting, Previewed, not_granted
from kubefleet.rollout.content import content_on
from kubefleet.rollout.rehearsal import Changed
from kubefleet.rollout.task import Task


@dataclass(slots=True)
class RightsPreview:
    """`outside`: what no placement may have there; `told`: what it will get; both by line, with the clusters.
    `rehearsed` is the part of what changes that the rights which it has already are enough to try.
    """

    outside: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)
    rehearsed: dict[str, frozenset[str]] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

    def connect(self, name: str) -> Connection:
        """The cluster under the placement's identity, which gets no rights by that."""
        return self.connections[name]


def preview_rights(task: Task, one: Acting, changed: Changed) -> RightsPreview:
    """Asks all these clusters in parallel. Of one that does not answer the schedule has told; another that cannot be
    asked is told here.
    """
    names = sorted(name for name in changed if changed[name])
    preview = RightsPreview()

    def ask(name: str) -> Previewed:
        return one.preview(name, content_on(task, name, task.target[name]))

    for name, outcome in zip(names, fan_out(names, ask, max_parallel=task.max_parallel), strict=True):
        if isinstance(outcome.error, Unreachable):
            continue
        if isinstance(outcome.error, MemberError):
            preview.outside.setdefault(str(outcome.error).removeprefix(f"{name}: "), []).append(name)
            continue
        found = outcome.get()
        if found.mode and found.lacks:
            preview.outside.setdefault(not_granted(found.mode, found.lacks), []).append(name)
        elif not found.mode:
            for flaw in outside_ceiling(rights_for(found.needed), one.ceiling):
                preview.outside.setdefault(flaw.why, []).append(name)
            if found.lacks:
                preview.told.setdefault(_gets(found.lacks), []).append(name)
        preview.connections[name] = found.connection
        preview.rehearsed[name] = frozenset(key for key in changed[name] if not _is_about(found.lacks, key))
    return preview


def _gets(lacks: Collection[Action]) -> str:
    kinds = sorted({action.kind for action in lacks})
    return f"it will be granted what it lacks: {len(lacks)} rights, on {', '.join(kinds)}"


def _is_about(lacks: Collection[Action], key: str) -> bool:
    """Whether one of the actions is on the object `apiVersion/Kind/namespace/name`, or on one of its name."""
    *_, namespace, name = key.split("/")
    return any(action.name == name and action.namespace in ("", namespace) for action in lacks)
