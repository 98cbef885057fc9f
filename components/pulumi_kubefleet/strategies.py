"""Strategies: how a rollout takes a placement from what is live to what was decided."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from pulumi_kubefleet._record import Record


class RollingUpdate(Record):
    """Clusters are updated a few at a time.

    `max_unavailable` bounds the clusters whose copy may be unavailable, `max_surge` the new copies that start while
    the ones they replace still run: numbers, or percentages of the chosen clusters (rounded down, at least 1).
    `progress_deadline` is how long one cluster may take (`"10m"`). An object whose health nobody can tell,
    as a custom resource without conditions, passes with a warning after `unverified_wait` (`"60s"`).

    `on_failure`, of every strategy, says what becomes of the rollout when a cluster fails: `"pause"` (it stops),
    `"rollback"` (what it has touched goes back to the revision before), or `"continue"` while at most `max_failures`
    clusters have failed (a number, or a percentage that is rounded down).
    """

    def __init__(
        self,
        *,
        max_unavailable: int | str | None = None,
        max_surge: int | str | None = None,
        progress_deadline: str | None = None,
        unverified_wait: str | None = None,
        on_failure: str | None = None,
        max_failures: int | str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            type="RollingUpdate",
            max_unavailable=max_unavailable,
            max_surge=max_surge,
            progress_deadline=progress_deadline,
            unverified_wait=unverified_wait,
            on_failure=on_failure,
            max_failures=max_failures,
            **unknown,
        )


class SpreadUpdate(Record):
    """Pods are counted over the whole fleet: updates and moves share one budget for each workload.

    `min_available` or `max_unavailable` bounds how few pods may be available, `max_surge` how many more than desired
    may run: numbers, or percentages of the desired pods (`max_unavailable` is rounded down, the others up, as
    Kubernetes rounds); where workloads differ, by their names: `{"web": 10, "db": "50%"}`. Where pods move, others come
    up first, as far as the surge goes; nothing is taken down while the budget is used up, by whatever loss.
    With `tighten=True` a Deployment whose own `maxUnavailable` is more than the budget has is applied with a smaller
    one. `progress_deadline` is how long nothing may move on (`"10m"`).
    """

    def __init__(
        self,
        *,
        min_available: int | str | Mapping[str, int | str] | None = None,
        max_unavailable: int | str | Mapping[str, int | str] | None = None,
        max_surge: int | str | Mapping[str, int | str] | None = None,
        tighten: bool | None = None,
        progress_deadline: str | None = None,
        unverified_wait: str | None = None,
        on_failure: str | None = None,
        max_failures: int | str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            type="SpreadUpdate",
            min_available=min_available,
            max_unavailable=max_unavailable,
            max_surge=max_surge,
            tighten=tighten,
            progress_deadline=progress_deadline,
            unverified_wait=unverified_wait,
            on_failure=on_failure,
            max_failures=max_failures,
            **unknown,
        )


class Wait(Record):
    """A gate: so long (`"10m"`) a stage has to have been healthy, counted from when it became so."""

    def __init__(self, duration: str | int) -> None:
        super().__init__(type="Wait", duration=duration)


class Approval(Record):
    """A gate: somebody has approved this revision for the stage, or the removal, with `kubefleet approve`."""

    def __init__(self) -> None:
        super().__init__(type="Approval")


class Check(Record):
    """A gate: something that is looked at every `interval` until it was well `successes` times in a row.

    Where it is not within `deadline`, the stage has failed. `interval` and `deadline` are durations (`"10s"`, `"10m"`).

    Example:
        ```python
        Check(object="Deployment/shop/web", cel="object.status.availableReplicas >= 3")
        Check(http="https://web.${cluster.name}.example.com/healthz", successes=3)
        Check(prometheus="http://prometheus:9090", query="sum(rate(errors[5m]))", below=0.01, deadline="15m")
        Check(job={"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "smoke", "namespace": "shop"}, ...})
        Check(function="own.gates:quiet_hours")
        ```

    Args:
        object: an object of the placement, `Kind/namespace/name` or `Kind/name`; with `cel`, `jsonpath` (and `value`),
            `condition` (and `status`) or `function`, as a `HealthCheck` has them. It is looked at on every cluster of
            the stage.
        kind: all objects of the placement of a kind.
        http: a URL that answers a GET with `status` (a number; else any from 200 to 299), and with `contains` in it.
        prometheus: the URL of a Prometheus server, with a `query` whose values are all `above` or `below` a bound.
        job: the manifest of a Job that runs on every cluster of the stage, and is removed when it has ended.
        function: `"my.module:name"`. Without an object it is called with `{"placement", "stage", "revision",
            "clusters"}`; it returns True, False, or a text that says why not.
        token_env: the environment variable of the bearer token for `http` and `prometheus`.

    With `${cluster.name}` in its URL or query each cluster of the stage is asked about by itself. A check stands in the
    state in plain text.

    """

    def __init__(
        self,
        *,
        object: str | None = None,  # noqa: A002 - what it is called
        kind: str | None = None,
        cel: str | None = None,
        jsonpath: str | None = None,
        value: str | float | bool | None = None,
        condition: str | None = None,
        status: str | int | None = None,
        function: str | None = None,
        http: pulumi.Input[str] | None = None,
        contains: str | None = None,
        prometheus: pulumi.Input[str] | None = None,
        query: pulumi.Input[str] | None = None,
        above: float | str | None = None,
        below: float | str | None = None,
        token_env: str | None = None,
        job: Mapping[str, Any] | None = None,
        successes: int | None = None,
        interval: str | int | None = None,
        deadline: str | int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            type="Check",
            object=object,
            kind=kind,
            cel=cel,
            jsonpath=jsonpath,
            value=value,
            condition=condition,
            status=status,
            function=function,
            http=http,
            contains=contains,
            prometheus=prometheus,
            query=query,
            above=above,
            below=below,
            token_env=token_env,
            job=job,
            successes=successes,
            interval=interval,
            deadline=deadline,
            **unknown,
        )


class Stage(Record):
    """Clusters that change together: those that have all the labels of `selector`, or those that it names.

    `max_concurrency` of them at once (1; a number or a percentage). `before` and `after` are gates: `Approval()` before
    it begins, `Wait("10m")` after it is healthy, `Check(...)` before or after.
    """

    def __init__(
        self,
        name: str,
        *,
        selector: Mapping[str, str] | Sequence[str],
        max_concurrency: int | str | None = None,
        before: Sequence[Approval | Check] = (),
        after: Sequence[Wait | Check] = (),
        **unknown: Any,
    ) -> None:
        super().__init__(
            name=name,
            selector=selector,
            max_concurrency=max_concurrency,
            before=before or None,
            after=after or None,
            **unknown,
        )


class StagedUpdate(Record):
    """Stages one after the other: the next begins when all clusters of the last are healthy and its gates are passed.

    What no stage selects comes last, as the stage `rest`. A stage that fails stops the rollout there, unless
    `on_failure` (see `RollingUpdate`) says something else; `max_failures` are those of each stage.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        progress_deadline: str | None = None,
        unverified_wait: str | None = None,
        on_failure: str | None = None,
        max_failures: int | str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            type="StagedUpdate",
            stages=stages,
            progress_deadline=progress_deadline,
            unverified_wait=unverified_wait,
            on_failure=on_failure,
            max_failures=max_failures,
            **unknown,
        )


def stage_names(strategy: Any) -> list[str]:
    """The stages that a recorded strategy has, in order, each once: one resource each. Empty where it has none."""
    if not isinstance(strategy, Mapping) or strategy.get("type") != "StagedUpdate":
        return []
    written = strategy.get("stages")
    names = [item.get("name") for item in written if isinstance(item, Mapping)] if isinstance(written, list) else []
    return list(dict.fromkeys([*(name for name in names if isinstance(name, str) and name), "rest"]))
