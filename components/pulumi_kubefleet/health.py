"""Health checks of your own: when an object counts as available."""

from typing import Any

from pulumi_kubefleet._record import Record


class HealthCheck(Record):
    """What a rollout waits for beside (or instead of) the built-in rule of a kind, before the next clusters change.

    Example:
        ```python
        HealthCheck(kind="example.com/Widget", cel="object.status.phase == 'Running' && object.status.replicas >= 3")
        HealthCheck(object="Service/shop/web", jsonpath="$.status.loadBalancer.ingress[0].ip")
        HealthCheck(kind="apps/Deployment", condition="Canary", status="True")
        HealthCheck(object="Service/shop/web", http="/ready", port=8080)
        HealthCheck(kind="apps/DaemonSet", tolerate_unavailable="10%")
        HealthCheck(kind="example.com/Widget", function="own.rules:ready", mode="replace")
        ```

    Args:
        kind: `group/Kind`, in any version (`core/Pod` for those without a group), or `Kind` of whatever group.
        object: one object, `Kind/namespace/name` or `Kind/name`.
        cel: an expression over `object` that must be true. Its syntax and types are checked by the preview.
        jsonpath: a path (RFC 9535) at which something must stand, and be equal to `value` if that is given.
        condition: the type of a condition in its status, which must have this `status` (`"True"` by default).
        http: the path of a GET that must be answered with a status from 200 to 399, and a body with `contains` if that
            is given. It goes through the cluster's API server to a Service, to a Pod, or to each pod of a workload.
            `port` is a number or a name (not needed where there is only one), `scheme` `"http"` (default) or `"https"`.
        tolerate_unavailable: nodes of a DaemonSet, a number or a percentage (rounded down), that may lack an available
            pod: those that are down for long. It stands in the place of the built-in rule.
        unverified_wait: `"5m"`, after which a custom resource whose health nobody can tell passes; else it is that of
            the strategy.
        function: `"my.module:name"`, called with the live object; it returns True, False, or a text that says why
            not.
        mode: `"add"` (default): both this and the built-in rule must hold; `"replace"`: that rule does not count.

    Exactly one of `kind` and `object`, and one of `cel`, `jsonpath`, `condition`, `http`, `function`,
    `tolerate_unavailable` and `unverified_wait`. A check that cannot be evaluated, as on a field that is not there yet,
    does not hold; its error is the reason.
    """

    def __init__(
        self,
        *,
        kind: str | None = None,
        object: str | None = None,  # noqa: A002 - the field's name in files
        cel: str | None = None,
        jsonpath: str | None = None,
        value: str | float | bool | None = None,
        condition: str | None = None,
        status: str | None = None,
        http: str | None = None,
        port: int | str | None = None,
        scheme: str | None = None,
        contains: str | None = None,
        tolerate_unavailable: int | str | None = None,
        unverified_wait: int | str | None = None,
        function: str | None = None,
        mode: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            kind=kind,
            object=object,
            cel=cel,
            jsonpath=jsonpath,
            value=value,
            condition=condition,
            status=status,
            http=http,
            port=port,
            scheme=scheme,
            contains=contains,
            tolerate_unavailable=tolerate_unavailable,
            unverified_wait=unverified_wait,
            function=function,
            mode=mode,
            **unknown,
        )
