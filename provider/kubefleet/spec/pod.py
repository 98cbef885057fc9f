"""What one pod asks of a node, as users write it in fleet files."""

from typing import Any

from immutabledict import immutabledict

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.pod_resources import ContainerResources, PodResources
from kubefleet.model.pod_rules import PodRules
from kubefleet.model.request import PodShape
from kubefleet.spec.pod_affinity import AffinitySpec, HostPortSpec, SpreadConstraintSpec
from kubefleet.spec.pod_rules import parse_node_affinity, parse_rules
from kubefleet.spec.scalars import Labels, Resources, Text
from kubefleet.spec.toleration import TolerationSpec
from kubefleet.spec.written import Written


class PodSpec(Written):
    """Stands for a manifest's pod template with one container."""

    labels: Labels = {}
    requests: Resources = {}
    limits: Resources = {}
    node_selector: Labels = {}
    tolerations: list[TolerationSpec] = []
    affinity: AffinitySpec = AffinitySpec()
    topology_spread_constraints: list[SpreadConstraintSpec] = []
    host_ports: list[HostPortSpec] = []
    priority_class_name: Text | None = None
    runtime_class_name: Text | None = None

    def pod_shape(self) -> PodShape:
        """The frozen value."""
        return PodShape(
            requests=self._resources().requests(),
            node_selector=immutabledict(sorted(self.node_selector.items())),
            node_affinity=parse_node_affinity(self.affinity.raw()["nodeAffinity"]),
            tolerations=tuple(spec.toleration() for spec in self.tolerations),
        )

    def rules(self, namespace: str) -> PodRules:
        """What else is known of such pods in a namespace."""
        raw: dict[str, Any] = {
            **self.affinity.raw(),
            "labels": dict(self.labels),
            "topologySpreadConstraints": [spec.raw() for spec in self.topology_spread_constraints],
            "containers": [{"ports": [spec.model_dump(by_alias=True) for spec in self.host_ports]}],
            "priorityClassName": self.priority_class_name,
            "runtimeClassName": self.runtime_class_name,
        }
        return parse_rules(raw, namespace, self._resources())

    def _resources(self) -> PodResources:
        """A limit stands in where a request is absent, as the API server fills it in."""
        limits = parse_amounts(self.limits)
        requests = parse_amounts({**self.limits, **self.requests})
        return PodResources((ContainerResources(requests, limits),))
