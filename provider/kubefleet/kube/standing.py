"""What stands on nodes that a request looks at, gathered pod by pod, so that no list of pods is ever held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from immutabledict import immutabledict

from kubefleet.kube.interest import Interest
from kubefleet.model.pod_rules import NO_LABELS, HostPort, PodTerm
from kubefleet.model.standing import Standing, StandingPods
from kubefleet.spec.pod_rules import parse_host_ports, parse_term

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(slots=True)
class StandingCounter:
    """Looks at pods on nodes. A rule of a pod's own that cannot be read is one that it does not have."""

    interest: Interest
    _pods: dict[str, dict[StandingPods, int]] = field(default_factory=dict)
    _ports: dict[str, set[HostPort]] = field(default_factory=dict)

    def count(self, pod: Mapping[str, Any]) -> None:
        """Look at one pod that has not ended."""
        spec, metadata = pod["spec"], pod["metadata"]
        node = spec.get("nodeName")
        if not node:
            return
        namespace, labels = str(metadata.get("namespace") or ""), metadata.get("labels") or {}
        terms = self._terms(spec, namespace, labels)
        kept = self.interest.labels_of(namespace, labels)
        if kept is not None or terms:
            leaving = bool(metadata.get("deletionTimestamp"))
            alike = StandingPods(namespace, NO_LABELS if kept is None else kept, terms, 1, leaving)
            on_node = self._pods.setdefault(str(node), {})
            on_node[alike] = on_node.get(alike, 0) + 1
        if self.interest.host_ports:
            self._count_ports(str(node), spec)

    def result(self) -> immutabledict[str, Standing]:
        """By node; nodes with nothing of interest are not among them."""
        found = {}
        for node in sorted(self._pods.keys() | self._ports.keys()):
            pods = [
                StandingPods(alike.namespace, alike.labels, alike.anti_affinity, count, alike.terminating)
                for alike, count in self._pods.get(node, {}).items()
            ]
            found[node] = Standing(tuple(sorted(pods, key=_order)), frozenset(self._ports.get(node, ())))
        return immutabledict(found)

    def _terms(self, spec: Mapping[str, Any], namespace: str, labels: Mapping[str, str]) -> tuple[PodTerm, ...]:
        affinity = spec.get("affinity")
        if not affinity or not affinity.get("podAntiAffinity"):
            return ()
        found: dict[PodTerm, None] = {}
        for raw in affinity["podAntiAffinity"].get(_REQUIRED) or ():
            term = parse_term(raw, namespace, labels)
            if self.interest.refused(term):
                found[term] = None
        return tuple(found)

    def _count_ports(self, node: str, spec: Mapping[str, Any]) -> None:
        ports = [port for port in parse_host_ports(spec) if port.clashes(self.interest.host_ports)]
        if ports:
            self._ports.setdefault(node, set()).update(ports)


def _order(pods: StandingPods) -> tuple[object, ...]:
    return pods.namespace, sorted(pods.labels.items()), str(pods.anti_affinity), pods.terminating, pods.count
