"""Clusters and their nodes, as fleet files describe them."""

from typing import Annotated, Literal

from immutabledict import immutabledict
from pydantic import Field, field_validator, model_validator

from kubefleet.model.amounts import parse_amounts, subtract
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.growth import Growth, declared_growth
from kubefleet.model.measured import measure
from kubefleet.model.node_pool import completed
from kubefleet.model.price import NO_PRICES, Prices, price_properties
from kubefleet.model.property import Property, make_property
from kubefleet.model.shape import NodeShape, with_skus
from kubefleet.model.sku import SkuTable
from kubefleet.model.standing import Standing, Surroundings
from kubefleet.spec.member import properties_of
from kubefleet.spec.node_pool import NodePoolSpec, names_once, node_pools_of
from kubefleet.spec.scalars import Labels, Name, PropertyValue, Resources, Text, Whole
from kubefleet.spec.sku_table import shipped_skus
from kubefleet.spec.surroundings import LimitRangeSpec, QuotaSpec, RuntimeClassSpec, StandingPodsSpec
from kubefleet.spec.toleration import MemberTaintSpec, TaintSpec, sorted_taints
from kubefleet.spec.written import Written


class NodesSpec(Written):
    """A group of alike nodes. `used` is per node and taken by others; `pods` are some that stand on each of them, by
    what rules about pods can look at: what they take is part of `used`.
    """

    count: Annotated[Whole, Field(ge=0, le=100_000)] = 1
    instance_type: str = ""
    labels: Labels = {}
    taints: list[TaintSpec] = []
    allocatable: Resources
    capacity: Resources = {}
    used: Resources = {}
    pods: list[StandingPodsSpec] = []

    @model_validator(mode="after")
    def _used_is_there(self) -> "NodesSpec":
        for resource in sorted(self.used.keys() - self.allocatable.keys()):
            raise ValueError(
                f"used resource `{resource}` is not allocatable (expected one of {sorted(self.allocatable)})"
            )
        return self

    def shape(self) -> NodeShape:
        """The frozen value."""
        allocatable = parse_amounts(self.allocatable)
        free = subtract(allocatable, parse_amounts(self.used))
        return NodeShape(
            count=self.count,
            allocatable=allocatable,
            capacity=parse_amounts(self.capacity) or allocatable,
            free=((free, self.count),),
            instance_type=self.instance_type,
            labels=immutabledict(sorted(self.labels.items())),
            taints=tuple(sorted({spec.taint() for spec in self.taints})),
            standing=self._standing(),
        )

    def _standing(self) -> tuple[Standing, ...]:
        if not self.pods:
            return ()
        ports = frozenset(port.port() for spec in self.pods for port in spec.host_ports)
        return (Standing(tuple(spec.pods() for spec in self.pods if spec.count), ports),)


class ClusterSpec(Written):
    """One cluster of a fleet file. Where neither nodes nor pools are given, what it can hold is not known and does not
    limit. Pools complete the nodes of a cluster that is planned; their maximums let any grow.
    """

    name: Name
    labels: Labels = {}
    taints: list[MemberTaintSpec] = []
    properties: dict[Text, PropertyValue] = {}
    kubernetes_version: str = ""
    namespaces: list[Name] | None = None
    apis: list[Text] | None = None
    state: Literal["ready", "not-ready", "unreachable", "cordoned", "drained", "leaving", "planned"] = "ready"
    nodes: list[NodesSpec] | None = None
    node_pools: list[NodePoolSpec] | None = None
    namespace_labels: dict[Name, Labels] = {}
    quotas: list[QuotaSpec] = []
    limit_ranges: list[LimitRangeSpec] = []
    runtime_classes: list[RuntimeClassSpec] = []

    _names_once = field_validator("node_pools")(names_once)

    def cluster(self, skus: SkuTable | None = None, prices: Prices = NO_PRICES) -> Cluster:
        """The frozen value. Namespace `default` exists in every cluster. `skus` is by default the shipped table."""
        shapes = tuple(spec.shape() for spec in self.nodes or () if spec.count)
        pools = node_pools_of(self.node_pools or ())
        known = self.nodes is not None or self.node_pools is not None
        if self.state == "planned":
            shapes = completed(shapes, pools)
        shapes = with_skus(shapes, shipped_skus() if skus is None else skus)
        properties: dict[str, Property] = {}
        if self.kubernetes_version:
            properties["kubernetes-version"] = make_property(self.kubernetes_version, "version")
        if known:
            properties |= measure(shapes)
        properties |= price_properties(shapes, self.labels.get("region", ""), prices)
        return Cluster(
            self.name,
            state=ClusterState(self.state),
            labels=immutabledict(sorted(self.labels.items())),
            taints=sorted_taints(self.taints),
            properties=immutabledict(sorted((properties | dict(properties_of(self.properties))).items())),
            shapes=shapes,
            namespaces=None if self.namespaces is None else frozenset({*self.namespaces, "default"}),
            apis=None if self.apis is None else frozenset(self.apis),
            kubernetes_version=self.kubernetes_version,
            capacity_known=known,
            growth=Growth(declared_growth(shapes, pools)),
            surroundings=self._surroundings(),
        )

    def _surroundings(self) -> Surroundings | None:
        if not (self.namespace_labels or self.quotas or self.limit_ranges or self.runtime_classes):
            return None
        labels = {name: immutabledict(sorted(given.items())) for name, given in sorted(self.namespace_labels.items())}
        return Surroundings(
            immutabledict(labels),
            tuple(spec.quota() for spec in self.quotas),
            tuple(item for spec in self.limit_ranges for item in spec.limit_ranges()),
            tuple(spec.runtime_class() for spec in self.runtime_classes),
        )
