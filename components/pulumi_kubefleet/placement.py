"""Placements: workloads that a fleet runs somewhere."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict, Unpack

import pulumi

from pulumi_kubefleet._record import plain
from pulumi_kubefleet._source import caller
from pulumi_kubefleet.health import HealthCheck
from pulumi_kubefleet.overrides import Override
from pulumi_kubefleet.policies import Policy
from pulumi_kubefleet.replicas import Divided, Duplicated
from pulumi_kubefleet.strategies import Approval, Check, RollingUpdate, SpreadUpdate, StagedUpdate, Wait

Manifest = str | PathLike[str] | Mapping[str, Any]


class PlacementArguments(TypedDict, total=False):
    """What may be said of a placement, as `Placement` has it."""

    namespace: str | None
    select: str | Sequence[str] | None
    create_namespace: bool | None
    policy: Policy | None
    replicas: Duplicated | Divided | None
    strategy: RollingUpdate | StagedUpdate | SpreadUpdate | None
    overrides: Sequence[Override] | None
    health: Sequence[HealthCheck] | None
    priority: int | None
    labels: Mapping[str, pulumi.Input[str]] | None
    approvals: Sequence[str] | None
    freeze: bool | None
    data: str | None
    move: str | None
    before_remove: Sequence[Wait | Approval | Check] | None
    paused: bool | None
    divide_companions: bool | None
    restart_on: str | Sequence[str] | None
    on_existing: str | None
    on_drift: str | None
    on_delete: str | None
    on_immutable: str | None
    allow_namespaces: Sequence[str] | None


class Placement(pulumi.ComponentResource):
    """One workload, or several that belong together, placed on clusters of a fleet.

    Made by `fleet.placement(name, ...)`.

    Args:
        manifests: YAML files, folders, globs, or objects as dicts (Outputs allowed in values); one or a list.
        namespace: the namespace of objects that name none.
        select: which objects of the manifests it takes, `"Deployment/web"` (`Kind/name`, or `Kind/namespace/name`), one
            or a list; what they name or what only serves them follows. Left out: everything.
        create_namespace: make the namespaces of its objects where they are missing (else they must exist, or be among
            the manifests); one that exists is used as it is.
        policy: `PickAll()` (default), `PickFixed(...)` or `PickN(n, ...)`.
        replicas: `Duplicated()` (default) or `Divided(...)`.
        strategy: `RollingUpdate(...)`, `StagedUpdate([Stage(...)])`, or `SpreadUpdate(...)`, which counts pods. By
            default divided replicas are counted as pods, copies as clusters.
        overrides: how its objects differ from cluster to cluster, `[Override(...)]`.
        health: health checks of your own, `[HealthCheck(...)]`, beside those of the fleet.
        priority: higher is planned first.
        labels: labels of the placement itself.
        freeze: keep the decision as it is, whatever changes.
        data: what becomes of the data in volume claims when it moves: `pinned` (default: it does not, and what would
            move it is an error), `disposable` (it is lost) or `replicated` (others have it).
        move: how a whole copy moves: `surge`, the new one runs before the old one goes, or `stop_first`, never both at
            once (default of CronJobs, StatefulSets, Deployments that are recreated, and what has volume claims).
        before_remove: gates (`Wait`, `Approval`, `Check`) between the health of new copies and the removal of old ones;
            by default `Wait("60s")` for what has an address of its own: a LoadBalancer, an Ingress, a route, a
            ServiceExport.
        paused: change nothing on any cluster while it is True; what a rollout has done until then stays.
        divide_companions: whether disruption budgets and autoscalers of divided workloads are divided too (default).
        restart_on: ConfigMaps and Secrets of its manifests (`"ConfigMap/settings"`, one or a list) that, when they
            change, restart the pods of the workloads that name them.
        on_existing: `"refuse"` (default): an object that exists and is someone else's stops this cluster;
            `"take_over_if_same"`: one that would not change becomes the placement's; `"take_over"`: any does.
        on_drift: `"correct"` (default): fields that somebody else has changed are set again when the placement is
            applied; `"report"`: they are left as they are, and told.
        on_delete: `"delete"` (default) or `"orphan"`: objects of a placement that is removed stay, as nobody's.
        on_immutable: `"fail"` (default) or `"replace"`: an object of which a field cannot be changed is made anew.
        allow_namespaces: namespaces such as `kube-system` that this placement may write to.

    """

    plan: pulumi.Output[str]
    """Where it is, and how much: `eu-1 x7, us-1 x5`."""

    def __init__(
        self,
        fleet: pulumi.Resource,
        fleet_name: str,
        name: str,
        *,
        manifests: Manifest | Sequence[Manifest],
        opts: pulumi.ResourceOptions | None = None,
        **arguments: Unpack[PlacementArguments],
    ) -> None:
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=fleet), opts)
        super().__init__("kubefleet:index:Placement", f"{fleet_name}/{name}", None, options)
        self.placement_name = name
        self._source = caller()
        if isinstance(manifests, Iterable) and not isinstance(manifests, str | PathLike | Mapping | pulumi.Output):
            self._manifests: list[Any] = list(manifests)
        else:
            self._manifests = [manifests]
        self._raw = {key: plain(value) for key, value in arguments.items() if value is not None}
        self._divides = isinstance(arguments.get("replicas"), Divided)
