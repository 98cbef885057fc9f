"""Terms, preferences, spreads, taints and tolerations: the words of a policy.

Names and meaning are those of Kubernetes and KubeFleet; limits are checked in `pulumi preview`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from pulumi_kubefleet._record import Record

Number = int | float | str


class Expr(Record):
    """One requirement: `Expr("region", "In", ["eu", "us"])`. `Label` and `Prop` are shorthands for it."""

    def __init__(self, key: str, operator: str, values: Sequence[Number] = (), **unknown: Any) -> None:
        super().__init__(key=key, operator=operator, values=[str(value) for value in values], **unknown)


class Label:
    """Shorthands for expressions on a cluster's label: `Label("region").in_("eu", "us")`."""

    def __init__(self, key: str) -> None:
        self.key = key

    def in_(self, *values: str) -> Expr:
        """The label has one of these values."""
        return Expr(self.key, "In", values)

    def not_in(self, *values: str) -> Expr:
        """The label has none of these values, or is absent."""
        return Expr(self.key, "NotIn", values)

    def exists(self) -> Expr:
        """The label is there."""
        return Expr(self.key, "Exists")

    def does_not_exist(self) -> Expr:
        """The label is absent."""
        return Expr(self.key, "DoesNotExist")


class Prop:
    """Shorthands for expressions on a cluster's property: `Prop("node-count").at_least(3)`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def at_least(self, value: Number) -> Expr:
        """`>=`."""
        return Expr(self.name, "Ge", [value])

    def at_most(self, value: Number) -> Expr:
        """`<=`."""
        return Expr(self.name, "Le", [value])

    def more_than(self, value: Number) -> Expr:
        """`>`."""
        return Expr(self.name, "Gt", [value])

    def less_than(self, value: Number) -> Expr:
        """`<`."""
        return Expr(self.name, "Lt", [value])

    def eq(self, value: Number) -> Expr:
        """`==`; on a set: contains."""
        return Expr(self.name, "Eq", [value])

    def ne(self, value: Number) -> Expr:
        """`!=`."""
        return Expr(self.name, "Ne", [value])

    def in_(self, *values: Number) -> Expr:
        """One of these values."""
        return Expr(self.name, "In", values)

    def not_in(self, *values: Number) -> Expr:
        """None of these values."""
        return Expr(self.name, "NotIn", values)

    def has(self, value: Number) -> Expr:
        """A set contains it: `Prop("network/fabric").has("infiniband")`."""
        return Expr(self.name, "Eq", [value])

    def exists(self) -> Expr:
        """The cluster has the property."""
        return Expr(self.name, "Exists")

    def does_not_exist(self) -> Expr:
        """The cluster does not have the property."""
        return Expr(self.name, "DoesNotExist")


class Node(Prop):
    """Shorthands for what has to hold of one node: `Node("memory").at_least("128Gi")`, inside `Nodes`.

    Names: any resource (what the node is, by nominal figures: `cpu`, `memory`, `nvidia.com/gpu`),
    `allocatable-<resource>` (what it reports), `accelerator`, `network/fabric`, `network/bandwidth-gbps`,
    `architecture`, `os`, `instance-type`, and labels of nodes.
    """


class Nodes(Record):
    """A node requirement: at least so many nodes, each of which is what is asked.

    Example:
        ```python
        Nodes(at_least=8, each=[Node("nvidia.com/gpu").at_least(8), Node("network/fabric").has("infiniband")])
        ```

    With `free=True` resources mean what is free on a node, not what it is.
    """

    def __init__(self, *, each: Sequence[Expr], at_least: int = 1, free: bool = False, **unknown: Any) -> None:
        super().__init__(at_least=at_least, each=[_as_property(expr) for expr in each], free=free or None, **unknown)


class Term(Record):
    """One alternative: every label, every expression and every node requirement of it must hold."""

    def __init__(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        label_expressions: Sequence[Expr] = (),
        properties: Sequence[Expr] = (),
        nodes: Sequence[Nodes] = (),
        **unknown: Any,
    ) -> None:
        super().__init__(
            labels=dict(labels) if labels else None,
            label_expressions=list(label_expressions) or None,
            properties=[_as_property(expr) for expr in properties] or None,
            nodes=list(nodes) or None,
            **unknown,
        )


def _as_property(expr: Expr) -> dict[str, Any]:
    """In files the key of a property's expression is called `name`."""
    raw = expr.raw() if isinstance(expr, Expr) else dict(expr)
    if "key" in raw:
        raw = {"name": raw.pop("key"), **raw}
    return raw


class Prefer(Record):
    """A preference of weight −100..100: a term, a property to sort by (`("node-count", "ascending")`), or a function of
    your own (`"my.module:score"`), called with each cluster and the request, that gives −100..100.
    """

    def __init__(
        self,
        weight: int,
        term: Term | None = None,
        *,
        sort_by: tuple[str, str] | None = None,
        function: str | None = None,
        **unknown: Any,
    ) -> None:
        order = None
        if sort_by is not None:
            name, direction = sort_by if len(sort_by) == 2 else (str(sort_by), "")
            order = {"property": name, "order": direction.capitalize()}
        super().__init__(weight=weight, term=term, sort_by=order, function=function, **unknown)


class TopologySpread(Record):
    """Kubernetes' pod topology spread over a label of the clusters."""

    def __init__(
        self,
        topology_key: str,
        *,
        max_skew: int = 1,
        when_unsatisfiable: str = "DoNotSchedule",
        min_domains: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            topology_key=topology_key,
            max_skew=max_skew,
            when_unsatisfiable=when_unsatisfiable,
            min_domains=min_domains,
            **unknown,
        )


class SpreadGroup(Record):
    """The chosen clusters stand in at least `min_groups` and at most `max_groups` groups of a label of the clusters.

    For `region`, `zone` and `provider` the property of that name counts where a cluster has no such label.
    """

    def __init__(
        self, topology_key: str, *, min_groups: int = 1, max_groups: int | None = None, **unknown: Any
    ) -> None:
        super().__init__(topology_key=topology_key, min_groups=min_groups, max_groups=max_groups, **unknown)


class Taint(Record):
    """A taint of a member: what does not tolerate it is not placed there (NoSchedule) or moves away (NoExecute)."""

    def __init__(
        self,
        key: str,
        value: pulumi.Input[str] | None = None,
        *,
        effect: str = "NoSchedule",
        time_added: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(key=key, value=value, effect=effect, time_added=time_added, **unknown)


class Toleration(Record):
    """A toleration of a placement. Without a key and with `Exists` it tolerates everything."""

    def __init__(
        self,
        key: str | None = None,
        *,
        operator: str = "Equal",
        value: str | None = None,
        effect: str | None = None,
        toleration_seconds: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            key=key,
            operator=operator,
            value=value,
            effect=effect,
            toleration_seconds=toleration_seconds,
            **unknown,
        )
