"""What requests look at beside amounts: a snapshot reads that, and no more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.model.pod_rules import HOSTNAME, NODE_NAME, HostPort, PodRules, Pods, PodTerm
from kubefleet.model.request import PodShape, Request
from kubefleet.model.selector import Expr


@dataclass(slots=True)
class Interest:
    """Worked out once for all members. Empty where nobody asks."""

    selectors: tuple[Pods, ...] = ()
    pod_labels: frozenset[str] = frozenset()
    host_ports: frozenset[HostPort] = frozenset()
    templates: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)
    """Labels of the pods that are asked for, by namespace."""
    node_labels: frozenset[str] = frozenset()
    hostnames: frozenset[str] = frozenset()
    node_names: frozenset[str] = frozenset()
    runtime_classes: frozenset[str] = frozenset()
    _refuses: dict[PodTerm, bool] = field(default_factory=dict)

    @property
    def namespaces(self) -> frozenset[str]:
        """Those of the pods that are asked for."""
        return frozenset(self.templates)

    def labels_of(self, namespace: str, labels: Mapping[str, str]) -> immutabledict[str, str] | None:
        """A standing pod's labels as far as a selector names them; None where no selector is about the pod."""
        if not any(self._about(selector, namespace, labels) for selector in self.selectors):
            return None
        return immutabledict({key: labels[key] for key in sorted(self.pod_labels & labels.keys())})

    def refused(self, term: PodTerm) -> bool:
        """Whether a standing pod's anti-affinity term may refuse a pod that is asked for. Namespaces that are given by
        their labels count as any.
        """
        found = self._refuses.get(term)
        if found is None:
            found = self._refuses[term] = any(
                self._about(term.pods, namespace, labels)
                for namespace, templates in self.templates.items()
                for labels in templates
            )
        return found

    def _about(self, pods: Pods, namespace: str, labels: Mapping[str, str]) -> bool:
        there = pods.namespace_labels is not None or namespace in pods.namespaces
        return there and pods.have_labels(labels)


def interest_of(requests: Iterable[Request]) -> Interest:
    """What some requests look at."""
    pods: dict[PodRules, None] = {}
    keys, hostnames, names = set[str](), set[str](), set[str]()
    for request in requests:
        keys.update(request.networks)
        for workload in request.workloads:
            if workload.rules is not None:
                pods[workload.rules] = None
            for expr in _node_exprs(workload.pod):
                if expr.key == NODE_NAME:
                    names.update(expr.values)
                    continue
                keys.add(expr.key)
                if expr.key == HOSTNAME:
                    hostnames.update(expr.values)
            keys.update(workload.pod.node_selector)
            if HOSTNAME in workload.pod.node_selector:
                hostnames.add(workload.pod.node_selector[HOSTNAME])
    selectors = dict.fromkeys(wanted for rules in pods for wanted in rules.looked_at)
    templates: dict[str, dict[immutabledict[str, str], None]] = {}
    for rules in pods:
        templates.setdefault(rules.namespace, {})[rules.labels] = None
    return Interest(
        selectors=tuple(selectors),
        pod_labels=frozenset(expr.key for selector in selectors for expr in selector.labels or ()),
        host_ports=frozenset(port for rules in pods for port in rules.host_ports),
        templates={namespace: list(labels) for namespace, labels in templates.items()},
        node_labels=frozenset(keys.union(*(rules.topology_keys for rules in pods))),
        hostnames=frozenset(hostnames),
        node_names=frozenset(names),
        runtime_classes=frozenset(rules.runtime_class for rules in pods if rules.runtime_class),
    )


def _node_exprs(pod: PodShape) -> Iterable[Expr]:
    return (expr for term in pod.node_affinity for expr in term)
