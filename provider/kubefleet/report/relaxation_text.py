"""Relaxations in words: what would have to change."""

from collections.abc import Callable, Mapping

from kubefleet.model.quantity import format_amount
from kubefleet.model.relaxation import Change, Constraint, Relaxation

Detail = Mapping[str, int | str]


def relaxation_text(relaxation: Relaxation) -> str:
    """`2 more nodes of Standard_D8s_v5 on eu-1`; several changes with `and` between them."""
    return " and ".join(change_text(change) for change in relaxation.changes)


def change_text(change: Change) -> str:
    """One change: `max_skew 3 instead of 1 over region`."""
    return _TEXTS[change.constraint](change.detail)


def _toleration(detail: Detail) -> str:
    value = f"={detail['value']}" if detail.get("value") else ""
    if "lasts" in detail:
        return f"{detail['key']}{value}:{detail['effect']} tolerated for ever, not only for seconds"
    return f"a toleration of {detail['key']}{value}:{detail['effect']}"


def _spread(detail: Detail) -> str:
    if "from" not in detail:
        return f"{detail['to']} over {detail['key']}"
    return f"max_skew {detail['to']} instead of {detail['from']} over {detail['key']}"


def _property(detail: Detail) -> str:
    return f"`{detail['from']}` dropped" if detail["to"] == "any" else f"`{detail['to']}` instead of `{detail['from']}`"


def _label(detail: Detail) -> str:
    key = str(detail["wanted"]).split()[0]
    if detail.get("seen", "absent") == "absent":
        return f"`{detail['wanted']}` dropped"
    return f"{key} {detail['seen']} beside `{detail['wanted']}`"


def _node_requirement(detail: Detail) -> str:
    what = f"nodes with{' free' if detail['free'] else ''} {detail['wanted']}"
    return f"at least {detail['to']} instead of {detail['from']} {what}" if detail["to"] else f"no {what} asked for"


def _groups(detail: Detail) -> str:
    return f"{detail['bound']}_groups {detail['to']} instead of {detail['from']} over {detail['key']}"


def _affinity(detail: Detail) -> str:
    return f"`{detail['wanted']}` dropped" if "wanted" in detail else f"the anti-affinity of {detail['by']} dropped"


def _rule(detail: Detail) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in detail.items() if name not in {"plugin", "code"})
    return f"{detail['code']} ({figures}) dropped" if figures else f"{detail['code']} dropped"


def _state(detail: Detail) -> str:
    state = str(detail["state"])
    return f"{detail['cluster']} ready" if state == "not-ready" else f"{detail['cluster']} not {state}"


def _nodes(detail: Detail) -> str:
    count = "1 more node" if detail["count"] == 1 else f"{detail['count']} more nodes"
    size = ", ".join(f"{name} {format_amount(name, int(detail[name]))}" for name in ("cpu", "memory"))
    return f"{count} of {detail.get('instance_type', size)} on {detail['cluster']}"


def _request(detail: Detail) -> str:
    resource = str(detail["resource"])
    to, before = (format_amount(resource, int(detail[name])) for name in ("to", "from"))
    return f"{resource} {to} instead of {before} for a pod of {detail['workload']}"


_TEXTS: dict[Constraint, Callable[[Detail], str]] = {
    Constraint.TOPOLOGY_SPREAD: _spread,
    Constraint.MIN_DOMAINS: lambda d: f"min_domains {d['to']} instead of {d['from']} over {d['key']}",
    Constraint.TOLERATION: _toleration,
    Constraint.PROPERTY: _property,
    Constraint.LABEL: _label,
    Constraint.NODE_REQUIREMENT: _node_requirement,
    Constraint.NAMESPACE: lambda d: f"namespace {d['name']} created",
    Constraint.API: lambda d: f"API {d['name']} installed",
    Constraint.SPREAD_GROUPS: _groups,
    Constraint.MIN_CLUSTERS: lambda d: f"min_clusters {d['to']} instead of {d['from']}",
    Constraint.AFFINITY: _affinity,
    Constraint.RULE: _rule,
    Constraint.FUNCTION: lambda d: f"filter {d['function']} dropped",
    Constraint.MAXIMUM: lambda d: f"at most {d['to']} instead of {d['from']} on {d['cluster']}",
    Constraint.CLUSTERS: lambda d: f"{d['to']} clusters instead of {d['from']}",
    Constraint.CLUSTER_STATE: _state,
    Constraint.NODES: _nodes,
    Constraint.REQUEST: _request,
    Constraint.NUMBER: lambda d: f"{d['to']} asked for instead of {d['from']}",
}
