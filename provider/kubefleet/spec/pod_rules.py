"""Rules of where pods may be, in Kubernetes' own spelling, as manifests and fleet files have them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.pod_resources import PodResources
from kubefleet.model.pod_rules import NODE_NAME, HostPort, PodRules, Pods, PodSpread, PodTerm
from kubefleet.model.selector import Expr, Operator

_LABEL_OPERATORS = {name: Operator(name) for name in ("In", "NotIn", "Exists", "DoesNotExist")}
_NODE_OPERATORS = _LABEL_OPERATORS | {name: Operator(name) for name in ("Gt", "Lt")}
_OF_REVISION = frozenset({"pod-template-hash", "controller-revision-hash"})
"""Labels that controllers add to pods: what they will be is not known."""
_DEFAULT_SCHEDULER = "default-scheduler"


def parse_node_affinity(raw: Mapping[str, Any] | None) -> tuple[tuple[Expr, ...], ...]:
    """The terms of a required node affinity, of which one has to hold. Raises ValueError saying which part is wrong."""
    terms = []
    for term in (raw or {}).get("nodeSelectorTerms") or ():
        expressions = [_expr(item, _NODE_OPERATORS) for item in term.get("matchExpressions") or ()]
        for item in term.get("matchFields") or ():
            if item.get("key") != NODE_NAME:
                raise ValueError(f"unknown field `{item.get('key')}` in matchFields (expected {NODE_NAME})")
            expressions.append(_expr(item, _LABEL_OPERATORS))
        # A term without any requirement matches no node.
        terms.append(tuple(expressions) or (Expr(NODE_NAME, Operator.IN, ()),))
    return tuple(terms)


def parse_rules(pod: Mapping[str, Any], namespace: str, resources: PodResources, *, claims: bool = False) -> PodRules:
    """All that a pod's spec (with its `labels` among the fields) says beside requests, node affinity and tolerations.
    Raises ValueError saying which part is wrong.
    """
    labels = immutabledict({key: str(value) for key, value in sorted((pod.get("labels") or {}).items())})
    scheduler = pod.get("schedulerName") or _DEFAULT_SCHEDULER
    affinity, anti = pod.get("podAffinity") or (), pod.get("podAntiAffinity") or ()
    spread = [item for item in pod.get("topologySpreadConstraints") or () if _is_hard(item)]
    unsure = (
        ("volumes may be bound to a zone or a node", claims or bool(pod.get("claims"))),
        ("claims of devices are not looked at", bool(pod.get("resourceClaims"))),
        ("pods of lower priority may be preempted", bool(pod.get("priorityClassName"))),
        (f"scheduler {scheduler} may have other rules", scheduler != _DEFAULT_SCHEDULER),
        ("pods of other revisions are counted as its own", any(_by_revision((*affinity, *anti, *spread)))),
    )
    return PodRules(
        namespace=namespace,
        labels=labels,
        affinity=tuple(parse_term(term, namespace, labels) for term in affinity),
        anti_affinity=tuple(parse_term(term, namespace, labels) for term in anti),
        spread=tuple(_spread(item, namespace, labels) for item in spread),
        host_ports=parse_host_ports(pod),
        resources=resources,
        runtime_class=str(pod.get("runtimeClassName") or ""),
        priority_class=str(pod.get("priorityClassName") or ""),
        ends=pod.get("activeDeadlineSeconds") is not None,
        unsure=tuple(why for why, holds in unsure if holds),
    )


def parse_term(raw: Mapping[str, Any], namespace: str, labels: Mapping[str, str]) -> PodTerm:
    """A required term of a pod with these labels in a namespace; `matchLabelKeys` become part of its selector, as the
    API server does it (KEP-3633). Raises ValueError.
    """
    selected = _selector(raw.get("labelSelector"))
    if selected is not None:
        selected += _of_keys(raw.get("matchLabelKeys"), labels, Operator.IN)
        selected += _of_keys(raw.get("mismatchLabelKeys"), labels, Operator.NOT_IN)
    names, others = raw.get("namespaces") or (), _selector(raw.get("namespaceSelector"))
    if not names and others is None:
        names = (namespace,)
    return PodTerm(_topology_key(raw), Pods(selected, frozenset(map(str, names)), others))


def parse_host_ports(pod: Mapping[str, Any]) -> tuple[HostPort, ...]:
    """Ports of the node that a pod's containers take, sidecars among them. Raises ValueError."""
    whole_network = bool(pod.get("hostNetwork"))
    found = set()
    for container in (*(pod.get("containers") or ()), *_sidecars(pod)):
        for port in container.get("ports") or ():
            number = port.get("hostPort") or (port.get("containerPort") if whole_network else 0)
            if number:
                if not isinstance(number, int) or isinstance(number, bool):
                    raise ValueError(f"bad host port `{number}` (expected a whole number)")
                found.add(HostPort(number, str(port.get("protocol") or "TCP"), str(port.get("hostIP") or "")))
    return tuple(sorted(found))


def _sidecars(pod: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (item for item in pod.get("initContainers") or () if item.get("restartPolicy") == "Always")


def _is_hard(raw: Mapping[str, Any]) -> bool:
    return (raw.get("whenUnsatisfiable") or "DoNotSchedule") == "DoNotSchedule"


def _spread(raw: Mapping[str, Any], namespace: str, labels: Mapping[str, str]) -> PodSpread:
    selected = _selector(raw.get("labelSelector"))
    if selected is not None:
        selected += _of_keys(raw.get("matchLabelKeys"), labels, Operator.IN)
    return PodSpread(
        topology_key=_topology_key(raw),
        max_skew=_at_least_one(raw, "maxSkew"),
        pods=Pods(selected, frozenset({namespace})),
        min_domains=_at_least_one(raw, "minDomains"),
        honor_affinity=raw.get("nodeAffinityPolicy") != "Ignore",
        honor_taints=raw.get("nodeTaintsPolicy") == "Honor",
    )


def _at_least_one(raw: Mapping[str, Any], field: str) -> int:
    value = raw.get(field)
    number = 1 if value is None else int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"bad {field} `{value}` of a topology spread constraint (expected a whole number >= 1)")
    return number


def _topology_key(raw: Mapping[str, Any]) -> str:
    key = raw.get("topologyKey")
    if not isinstance(key, str) or not key:
        raise ValueError("no topologyKey in a rule about pods (expected the key of a node label)")
    return key


def _selector(raw: Mapping[str, Any] | None) -> tuple[Expr, ...] | None:
    """None where there is no selector, which matches nothing; an empty one matches everything."""
    if raw is None:
        return None
    labels = raw.get("matchLabels") or {}
    found = [Expr(str(key), Operator.IN, (str(labels[key]),)) for key in sorted(labels)]
    found += [_expr(item, _LABEL_OPERATORS) for item in raw.get("matchExpressions") or ()]
    return tuple(found)


def _expr(raw: Mapping[str, Any], operators: Mapping[str, Operator]) -> Expr:
    operator = operators.get(str(raw.get("operator")))
    if operator is None:
        known = ", ".join(operators)
        raise ValueError(f"unknown operator `{raw.get('operator')}` on `{raw.get('key')}` (expected one of {known})")
    return Expr(str(raw.get("key", "")), operator, tuple(str(value) for value in raw.get("values") or ()))


def _of_keys(keys: Sequence[str] | None, labels: Mapping[str, str], operator: Operator) -> tuple[Expr, ...]:
    return tuple(Expr(key, operator, (labels[key],)) for key in keys or () if key in labels)


def _by_revision(rules: Iterable[Mapping[str, Any]]) -> Iterable[bool]:
    return (not _OF_REVISION.isdisjoint(rule.get("matchLabelKeys") or ()) for rule in rules)
