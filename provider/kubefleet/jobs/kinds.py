"""Kinds of jobs other than Kubernetes' own. Each is dispatched whole, as one index: one object, and what its status
means, in CEL as the API server's own rules have it. Its controller is the cluster's.

The fields are those of jobset.x-k8s.io/v1alpha2, ray.io/v1, trainer.kubeflow.org/v1alpha1 and
batch.volcano.sh/v1alpha1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.health.checks.cel import Cel
from kubefleet.health.status import Status
from kubefleet.jobs.kinds_pods import PodGroup, of_job_set, of_ray_job, of_train_job, of_volcano_job

_OWN: Final = ("batch", "Job")


class ObjectPhase(StrEnum):
    """How far such an object is. What its status does not tell, it has not reached."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobKind:
    """`done`, `failed` and `running` are asked in this order. `pods` are those that an object's spec needs at once.
    `longest` is how long a name may be, since pods are named after it; `without`: fields of the spec that would remove
    the object before its end was seen; `refused`: fields that no dispatched one can have, and what is expected instead.
    """

    group: str
    kind: str
    plural: str
    done: Cel
    failed: Cel
    running: Cel
    pods: Callable[[Mapping[str, Any]], Iterator[PodGroup]]
    longest: int
    without: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=immutabledict)
    queued_by_kueue: bool = True

    def phase(self, live: Mapping[str, Any]) -> ObjectPhase:
        """What the status of an object of this kind means."""
        asked = ((ObjectPhase.DONE, self.done), (ObjectPhase.FAILED, self.failed), (ObjectPhase.RUNNING, self.running))
        return next((phase for phase, holds in asked if _is(holds, live)), ObjectPhase.WAITING)


def kind_of(template: Mapping[str, Any]) -> JobKind | None:
    """The kind of a template that is dispatched whole; None for a Job of Kubernetes' own, which a template is that does
    not say. Raises ValueError for any other.
    """
    group, name = _group_and_kind(template)
    if (group, name) == _OWN:
        return None
    if found := _KINDS.get((group, name)):
        return found
    known = ", ".join(f"{other} of {group}" for group, other in sorted([*_KINDS, _OWN]))
    raise ValueError(f"unknown kind of job `{name}` of `{group}` (expected {known})")


def api_of(template: Mapping[str, Any]) -> str:
    """What a cluster has to serve for it: `jobset.x-k8s.io/v1alpha2/JobSet`."""
    return f"{template.get('apiVersion') or 'batch/v1'}/{template.get('kind') or 'Job'}"


def pods_at_once(template: Mapping[str, Any]) -> tuple[PodGroup, ...]:
    """The pods that a job which is dispatched whole needs at the same time on its cluster: templates, and how many.

    Raises ValueError where the template is of no such kind, or malformed.
    """
    kind = kind_of(template)
    if kind is None:
        raise ValueError("a Job that is divided (expected one of a kind that is dispatched whole)")
    spec = template.get("spec")
    try:
        groups = tuple((pod, count) for pod, count in kind.pods(spec or {}) if count)
    except (AttributeError, KeyError, TypeError):
        raise ValueError(f"malformed {kind.kind} (expected the spec as its definition has it)") from None
    if not groups or not all(isinstance(pod, Mapping) and isinstance(pod.get("spec"), Mapping) for pod, _ in groups):
        raise ValueError(f"{kind.kind} without pods (expected templates of at least one)")
    return groups


def _is(check: Cel, live: Mapping[str, Any]) -> bool:
    return check(live).status is Status.AVAILABLE


def _group_and_kind(template: Mapping[str, Any]) -> tuple[str, str]:
    version = str(template.get("apiVersion") or "batch/v1")
    return version.rpartition("/")[0], str(template.get("kind") or "Job")


def _condition(name: str) -> str:
    return f'object.status.conditions.exists(c, c.type == "{name}" && c.status == "True")'


def _any_job(listed: str) -> Cel:
    return Cel(f"object.status.{listed}.exists(job, job.ready > 0 || job.succeeded > 0)")


_PLACED: Final = "none: the fleet chooses the cluster that it runs on"
_REFUSED: Final = {"managedBy": "none: the controller of its cluster runs it"}
_TTL: Final = frozenset({"ttlSecondsAfterFinished"})

ALL_KINDS: Final = (
    JobKind(
        "jobset.x-k8s.io",
        "JobSet",
        "jobsets",
        done=Cel(_condition("Completed")),
        failed=Cel(_condition("Failed")),
        running=_any_job("replicatedJobsStatus"),
        pods=of_job_set,
        longest=40,
        without=_TTL,
        refused=immutabledict(_REFUSED),
    ),
    JobKind(
        "ray.io",
        "RayJob",
        "rayjobs",
        # While it is retried its last status stays.
        done=Cel('object.status.jobDeploymentStatus == "Complete" && object.status.jobStatus == "SUCCEEDED"'),
        failed=Cel('object.status.jobDeploymentStatus in ["Complete", "Failed", "ValidationFailed"]'),
        running=Cel('object.status.jobDeploymentStatus == "Running"'),
        pods=of_ray_job,
        longest=47,
        refused=immutabledict(
            {
                **_REFUSED,
                "clusterSelector": _PLACED,
                "deletionStrategy": "none: it may remove the job before its end was seen",
            }
        ),
    ),
    JobKind(
        "trainer.kubeflow.org",
        "TrainJob",
        "trainjobs",
        done=Cel(_condition("Complete")),
        failed=Cel(_condition("Failed")),
        running=_any_job("jobsStatus"),
        pods=of_train_job,
        longest=40,
        refused=immutabledict(_REFUSED),
    ),
    JobKind(
        "batch.volcano.sh",
        "Job",
        "jobs",
        done=Cel('object.status.state.phase == "Completed"'),
        failed=Cel('object.status.state.phase in ["Failed", "Aborted", "Terminated"]'),
        running=Cel("object.status.running > 0 || object.status.succeeded > 0"),
        pods=of_volcano_job,
        longest=40,
        without=_TTL,
        queued_by_kueue=False,
    ),
)
"""Those that are dispatched whole."""
_KINDS: Final[Mapping[tuple[str, str], JobKind]] = {(kind.group, kind.kind): kind for kind in ALL_KINDS}
