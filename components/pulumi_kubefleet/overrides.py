"""Overrides: objects that differ from cluster to cluster."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from kubefleet.overrides.nulls import without_nulls
from pulumi_kubefleet._record import Record
from pulumi_kubefleet.terms import Term


class Override(Record):
    """How objects of a placement differ on some of its clusters.

    Example:
        ```python
        Override(clusters=["eu-1"], object="Deployment/web", merge={"spec": {"template": {"spec": {
            "containers": [{"name": "web", "image": "registry.eu/web:1"}]}}}})
        Override(clusters=Term(labels={"tier": "edge"}), object="ConfigMap/shop/settings", json_patch=[
            {"op": "add", "path": "/data/region", "value": "${cluster.labels.region}"}])
        Override(clusters=Term(properties=[Prop("node-count").at_most(3)]), kind="DaemonSet", delete=True)
        ```

    Args:
        clusters: names of clusters, or a `Term` of labels and properties; left out: all of the placement's.
        object: one object, `Kind/name` or `Kind/namespace/name`.
        kind: all objects of a kind, `Kind` or `group/Kind`.
        json_patch: operations of a JSON patch (RFC 6902).
        merge: a strategic merge patch: containers, ports, variables and the like are merged by their names, `None`
            removes a field. Lists of custom resources are replaced.
        delete: leave the object out there. A workload is left out by the policy.

    Exactly one of `object` and `kind`, and one of the three changes. Rules apply in their order. In texts
    `${cluster.name}`, `${cluster.labels.KEY}` and `${cluster.properties.KEY}` stand for the cluster's own, and
    `$${cluster.name}` for itself. The replicas of workloads are for the schedule to decide.
    """

    def __init__(
        self,
        *,
        clusters: Term | Sequence[str] | str | None = None,
        object: str | None = None,  # noqa: A002 - the field's name in files
        kind: str | None = None,
        json_patch: Sequence[Mapping[str, Any]] | None = None,
        merge: Mapping[str, Any] | None = None,
        delete: bool | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            clusters=clusters,
            object=object,
            kind=kind,
            json_patch=json_patch,
            merge=merge,
            delete=delete,
            **unknown,
        )


def as_input(overrides: Any) -> Any:
    """Overrides for state, by their place in the list: there, what goes into Secrets is a secret of that rule alone."""
    if not isinstance(overrides, list):
        # An Output of them all, which cannot be told apart here, or a mistake.
        return pulumi.Output.secret(overrides)
    return {str(index): _hidden(without_nulls(item)) for index, item in enumerate(overrides)}


def _hidden(item: Any) -> Any:
    if not isinstance(item, dict):
        # What it is about is not known yet, or it is a mistake.
        return pulumi.Output.secret(item)
    named = [item.get(field) for field in ("object", "kind") if item.get(field) is not None]
    if named and all(isinstance(text, str) and not _may_be_secret(text) for text in named):
        return item
    return {
        key: pulumi.Output.secret(value) if key in ("json_patch", "merge") else value for key, value in item.items()
    }


def _may_be_secret(text: str) -> bool:
    return "Secret" in text.split("/")
