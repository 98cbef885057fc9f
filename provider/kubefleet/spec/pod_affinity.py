"""Node affinity, pod affinity and topology spread constraints as fleet files have them: Kubernetes' own fields, of
which those that only prefer a node do not exist here.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kubefleet.model.pod_rules import HostPort
from kubefleet.spec.expressions import LabelExprSpec
from kubefleet.spec.scalars import LabelKey, Labels, Name, Text, Whole
from kubefleet.spec.written import Written


class LabelSelectorSpec(Written):
    """A label selector; an empty one matches everything."""

    match_labels: Labels = {}
    match_expressions: list[LabelExprSpec] = []


class NodeExprSpec(Written):
    """A requirement on a node's label. `Gt` and `Lt` compare integers."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] = []

    @model_validator(mode="after")
    def _values_fit(self) -> "NodeExprSpec":
        wanted = {"In": "at least one", "NotIn": "at least one", "Gt": "exactly one", "Lt": "exactly one"}
        expected = wanted.get(self.operator, "none")
        fine = {"none": not self.values, "exactly one": len(self.values) == 1}.get(expected, bool(self.values))
        if not fine:
            raise ValueError(f"{len(self.values)} values for {self.operator} on `{self.key}` (expected {expected})")
        return self


class NodeFieldSpec(Written):
    """A requirement on a node's name."""

    key: Literal["metadata.name"]
    operator: Literal["In", "NotIn"]
    values: Annotated[list[Text], Field(min_length=1, max_length=1)]


class NodeTermSpec(Written):
    """One alternative: everything in it must hold."""

    match_expressions: list[NodeExprSpec] = []
    match_fields: list[NodeFieldSpec] = []


class NodeSelectorSpec(Written):
    """Terms of which one must hold."""

    node_selector_terms: Annotated[list[NodeTermSpec], Field(min_length=1)]


class NodeAffinitySpec(Written):
    """Which nodes."""

    required_during_scheduling_ignored_during_execution: NodeSelectorSpec | None = None


class PodTermSpec(Written):
    """Pods near which (or far from which), and how near."""

    label_selector: LabelSelectorSpec | None = None
    topology_key: LabelKey
    namespaces: list[Name] = []
    namespace_selector: LabelSelectorSpec | None = None
    match_label_keys: list[LabelKey] = []
    mismatch_label_keys: list[LabelKey] = []


class PodAffinitySpec(Written):
    """Terms that must all hold."""

    required_during_scheduling_ignored_during_execution: list[PodTermSpec] = []

    def raw(self) -> list[dict[str, Any]]:
        """The terms as a manifest has them."""
        return [_raw(term) for term in self.required_during_scheduling_ignored_during_execution]


class AffinitySpec(Written):
    """The `affinity` of a pod."""

    node_affinity: NodeAffinitySpec = NodeAffinitySpec()
    pod_affinity: PodAffinitySpec = PodAffinitySpec()
    pod_anti_affinity: PodAffinitySpec = PodAffinitySpec()

    def raw(self) -> dict[str, Any]:
        """As `cut_workload` cuts it out of a manifest."""
        nodes = self.node_affinity.required_during_scheduling_ignored_during_execution
        return {
            "nodeAffinity": _raw(nodes) if nodes else None,
            "podAffinity": self.pod_affinity.raw(),
            "podAntiAffinity": self.pod_anti_affinity.raw(),
        }


class SpreadConstraintSpec(Written):
    """A topology spread constraint."""

    topology_key: LabelKey
    max_skew: Annotated[Whole, Field(ge=1)] = 1
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    label_selector: LabelSelectorSpec | None = None
    min_domains: Annotated[Whole, Field(ge=1)] | None = None
    node_affinity_policy: Literal["Honor", "Ignore"] = "Honor"
    node_taints_policy: Literal["Honor", "Ignore"] = "Ignore"
    match_label_keys: list[LabelKey] = []

    def raw(self) -> dict[str, Any]:
        """As a manifest has it."""
        return _raw(self)


class HostPortSpec(Written):
    """A port of the node."""

    host_port: Annotated[Whole, Field(ge=1, le=65535)]
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    host_ip: Annotated[str, Field(alias="hostIP")] = ""

    def port(self) -> HostPort:
        """The frozen value."""
        return HostPort(self.host_port, self.protocol, self.host_ip)


def _raw(spec: Written) -> dict[str, Any]:
    return spec.model_dump(by_alias=True, exclude_none=True)
