"""Quotas and limit ranges of a cluster, and pods that stand there, as fleet files describe them."""

from typing import Annotated, Literal

from immutabledict import immutabledict
from pydantic import Field

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.quantity import parse_quantity
from kubefleet.model.standing import LimitRange, Quota, RuntimeClass, Scope, StandingPods
from kubefleet.spec.pod_affinity import HostPortSpec, PodAffinitySpec
from kubefleet.spec.pod_rules import parse_term
from kubefleet.spec.quotas import quota_amounts
from kubefleet.spec.scalars import Labels, LabelValue, Name, QuantityText, Resources, Text, Whole
from kubefleet.spec.toleration import TolerationSpec
from kubefleet.spec.written import Written

_SCOPES = Literal[
    "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"
]


class ScopeExprSpec(Written):
    """One expression of a `scopeSelector`."""

    scope_name: _SCOPES
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = "Exists"
    values: list[LabelValue] = []


class ScopeSelectorSpec(Written):
    """A `scopeSelector`."""

    match_expressions: list[ScopeExprSpec] = []


class QuotaSpec(Written):
    """A ResourceQuota: `hard` as in its spec, `used` as in its status."""

    name: Text = "quota"
    namespace: Name
    hard: Resources
    used: Resources = {}
    scopes: list[_SCOPES] = []
    scope_selector: ScopeSelectorSpec = ScopeSelectorSpec()

    def quota(self) -> Quota:
        """The frozen value."""
        scopes = [Scope(name) for name in self.scopes]
        scopes += [
            Scope(item.scope_name, item.operator, tuple(item.values)) for item in self.scope_selector.match_expressions
        ]
        return Quota(self.name, self.namespace, quota_amounts(self.hard), quota_amounts(self.used), tuple(scopes))


class LimitSpec(Written):
    """One item of a LimitRange."""

    type: Literal["Container", "Pod"]
    default: Resources = {}
    default_request: Resources = {}
    min: Resources = {}
    max: Resources = {}
    max_limit_request_ratio: dict[Text, QuantityText] = {}


class LimitRangeSpec(Written):
    """A LimitRange."""

    name: Text = "limits"
    namespace: Name
    limits: Annotated[list[LimitSpec], Field(min_length=1)]

    def limit_ranges(self) -> list[LimitRange]:
        """The frozen values, with what the API server fills in: defaults from the maximum, and requests from both."""
        return [self._limit_range(item) for item in self.limits]

    def _limit_range(self, item: LimitSpec) -> LimitRange:
        default, request = dict(item.default), dict(item.default_request)
        if item.type == "Container":
            default = {**item.max, **default}
            request = {**item.min, **default, **request}
        ratio = {name: int(parse_quantity(text) * 1000) for name, text in item.max_limit_request_ratio.items()}
        return LimitRange(
            name=self.name,
            namespace=self.namespace,
            type=item.type,
            default=parse_amounts(default),
            default_request=parse_amounts(request),
            min=parse_amounts(item.min),
            max=parse_amounts(item.max),
            ratio=immutabledict(ratio),
        )


class RuntimeClassSpec(Written):
    """A RuntimeClass: its `overhead.podFixed`, and what its `scheduling` asks of nodes."""

    name: Name
    overhead: Resources = {}
    node_selector: Labels = {}
    tolerations: list[TolerationSpec] = []

    def runtime_class(self) -> RuntimeClass:
        """The frozen value."""
        return RuntimeClass(
            self.name,
            parse_amounts(self.overhead),
            immutabledict(sorted(self.node_selector.items())),
            tuple(spec.toleration() for spec in self.tolerations),
        )


class StandingPodsSpec(Written):
    """Pods on each node of a group; what they take is part of the group's `used`."""

    namespace: Name = "default"
    labels: Labels = {}
    count: Annotated[Whole, Field(ge=0, le=10_000)] = 1
    pod_anti_affinity: PodAffinitySpec = PodAffinitySpec()
    host_ports: list[HostPortSpec] = []

    def pods(self) -> StandingPods:
        """The frozen value."""
        labels = immutabledict(sorted(self.labels.items()))
        terms = tuple(parse_term(raw, self.namespace, labels) for raw in self.pod_anti_affinity.raw())
        return StandingPods(self.namespace, labels, terms, self.count)
