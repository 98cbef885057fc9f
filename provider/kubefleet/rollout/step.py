"""One step on one cluster: apply, then wait until healthy."""

import time
from collections.abc import Mapping
from typing import Any

from kubefleet.kube.abandoned_pods import remove_abandoned_pods
from kubefleet.kube.cluster_uid import cluster_uid
from kubefleet.kube.http_probes import with_probes
from kubefleet.kube.member_apply import place, record_finished
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.patience import Patience
from kubefleet.model.on_failure import Then
from kubefleet.rollout.content import content_on
from kubefleet.rollout.planner import Replicas
from kubefleet.rollout.progress import Progress
from kubefleet.rollout.task import Task
from kubefleet.rollout.waiting import Waiting

SILENCE = 15


def run_step(task: Task, cluster: str, replicas: Replicas, progress: Progress) -> None:
    """Bring one cluster to the task's revision and these replicas, and see it healthy.

    Raises the errors of `place` and `Waiting`.
    """
    task.timeline.note(f"{cluster} changes")
    connection = task.connect(cluster)
    deadline = time.monotonic() + task.strategy.progress_deadline

    def seen(ref: ObjectRef, live: Mapping[str, Any]) -> None:
        progress.saw(cluster, ref, live)

    checks = with_probes(task.checks, connection)
    waiting = Waiting(connection, deadline, task.strategy.unverified_wait, seen, task.warn, checks)

    def wait(refs: tuple[ObjectRef, ...]) -> None:
        for ref in refs:
            if (ref.group, ref.kind) == ("apps", "StatefulSet"):
                remove_abandoned_pods(connection, ref, patience(task))
        waiting(refs)
        record_finished(connection, task.identity, content, refs, patience(task))

    content = content_on(task, cluster, replicas)
    placed = place(
        connection,
        task.identity,
        content,
        cluster_uid=cluster_uid((task.look or task.connect)(cluster)),
        wait=wait,
        patience=patience(task),
        partners=task.partners,
        keep=task.strategy.on_failure.then is Then.ROLLBACK,
        drifted=lambda drift: task.warn(f"{cluster}: drift, left as it is: {drift}"),
    )
    wait(placed.applied)
    task.timeline.note(f"{cluster} is healthy")
    progress.done(cluster)


def patience(task: Task) -> Patience:
    """How long writing and removing may take on one cluster."""
    return Patience(SILENCE, time.monotonic() + task.strategy.progress_deadline, task.cancelled)
