"""Jobs: work that is divided over the clusters of a fleet."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal, TypedDict, Unpack

import pulumi

from kubefleet.jobs.global_index import index_policy
from pulumi_kubefleet._record import Record, plain
from pulumi_kubefleet._source import caller
from pulumi_kubefleet.policies import Policy


class Division(Record):
    """How the indexes of a job are divided over clusters.

    `makespan` (default): so that all is over as soon as it can be; `weighted`: by `weights` (1 where absent); `pack`:
    on as few clusters as possible; `cheapest` and `greenest`: by what an index costs, or by the CO2 of a cluster's
    electricity (`Fleet(price_file=...)` or properties of members), as far as the job's deadline lets. `duration` is how
    long an index takes (`"90s"`, 60 s by default), `durations` where it takes another time.
    """

    def __init__(
        self,
        strategy: Literal["makespan", "weighted", "pack", "cheapest", "greenest"] = "makespan",
        *,
        duration: int | str | None = None,
        durations: Mapping[str, int | str] | None = None,
        weights: Mapping[str, int] | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            strategy=strategy,
            duration=duration,
            durations=dict(durations) if durations else None,
            weights=dict(weights) if weights else None,
            **unknown,
        )


def job_index_policy() -> list[dict[str, Any]]:
    """Manifests for a placement on members that no `kubefleet join` has prepared: with them `JOB_COMPLETION_INDEX` of a
    job's pods is the index in the whole job. They take a server of 1.36 or later; elsewhere pods learn of it in other
    ways.

    Example:
        ```python
        index = fleet.placement("job-index", manifests=job_index_policy())
        fleet.job("sweep", template="sweep.yaml", opts=pulumi.ResourceOptions(depends_on=[index]))
        ```
    """
    return [dict(manifest) for manifest in index_policy()]


class JobArguments(TypedDict, total=False):
    """What may be said of a job, as `Job` has it."""

    namespace: str | None
    completions: int | None
    parallelism: int | None
    policy: Policy | None
    division: Division | str | None
    priority: int | None
    gang: Literal["one-cluster", "all-or-nothing"] | None
    gang_timeout: int | str | None
    queue: str | None
    deadline: int | str | None
    wait: Literal["dispatched", "started", "completed"] | None
    timeout: int | str | None
    lost_after: int | str | None
    at_least_once: bool | None
    lease: int | str | None
    on_change: Literal["fail", "remaining", "restart"] | None


class Job(pulumi.ComponentResource):
    """A Kubernetes Job that runs over as many clusters of a fleet as it takes. Every index succeeds once in its account
    (and runs at least once), whatever clusters come, fail or go.

    Made by `fleet.job(name, ...)`.

    Args:
        template: a `batch/v1` Job: a YAML file, or a dict (Outputs allowed in values). Or a JobSet, RayJob, TrainJob or
            Volcano Job, which runs as a whole on one cluster at a time: where it fails, on up to three others.
        namespace: its namespace, where the template names none (`default` if both name none). It must exist.
        completions: how many indexes it has, at most 1,000,000; by default as many as the template says.
        parallelism: how many pods run at once in all clusters together; by default as the template says, else as many
            as there is room for.
        policy: where it may run, `PickN(n, ...)` or `PickFixed(...)`; by default all clusters.
        division: how indexes are divided, `Division(...)` or the name of a strategy.
        gang: where pods are of use only together. `one-cluster` (MPI, NCCL): all in one network of one cluster, a rack
            or an InfiniBand domain, with room for all at once; where there is none it is queued. `all-or-nothing`: over
            several clusters, where all begin together or nothing of it remains. The pods' annotation
            `kueue.x-k8s.io/podset-required-topology` says which label of nodes names a network, if it is none of those
            that clouds and vendors use.
        gang_timeout: how long the pods of a gang may look for their room, and then take to be ready, 5 minutes by
            default. After that all are removed, and others are tried in place of the clusters that were late.
        priority: higher is planned first.
        queue: a queue of the fleet (`Fleet(queues={"batch": 2})`), of which only so many jobs run at once; others wait
            for a later `pulumi up`.
        deadline: when all has to be over, after it has begun (`"2h"`): clusters are chosen so that it is.
        wait: what `pulumi up` waits for: `dispatched` (default: every index is with a cluster), `started` (every
            cluster works on them) or `completed`.
        timeout: how long it waits, 15 minutes by default; then it is held, and goes on by itself.
        lost_after: how long a cluster may be silent until others get what it has not done, 2 minutes by default.
        at_least_once: whether an index may run once more when its cluster is lost (default). If not, a lost cluster is
            waited for.
        lease: for how long a cluster goes on without contact (`"2m"`): then it stops its pods by itself, and only then
            do others get its indexes, so that nothing runs twice at once. Takes somebody in touch: `wait="completed"`,
            or a hub and `kubefleet jobs run --watch`.
        on_change: what another template means while it runs: `fail` (default: a mistake), `remaining` (what is not done
            is done with the new one) or `restart`.

    """

    plan: pulumi.Output[str]
    """Where its indexes were planned: `eu-1 x7000, us-1 x3000`."""
    state: pulumi.Output[str]
    """`running`, `complete` or `failed`, as the last run has found it."""

    def __init__(
        self,
        fleet: pulumi.Resource,
        fleet_name: str,
        name: str,
        *,
        template: str | PathLike[str] | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
        **arguments: Unpack[JobArguments],
    ) -> None:
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=fleet), opts)
        super().__init__("kubefleet:index:Job", f"{fleet_name}/{name}", None, options)
        self.job_name = name
        self._source = caller()
        self._template = template
        # What it waits for itself is what its resources have to wait for.
        self._after = pulumi.ResourceOptions(depends_on=opts.depends_on if opts is not None else None)
        self._raw = {key: plain(value) for key, value in arguments.items() if value is not None}
