"""The ceiling: what a member's admin lets a fleet have at most, whatever its manifests ask."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.identity.flaw import Flaw
from kubefleet.identity.lint import VERBS
from kubefleet.identity.needs import HOME
from kubefleet.identity.rights import CLUSTER, Rights, Rule

LABEL: Final = "pulumi-kubefleet/ceiling"
INSIDE: Final = "inside"
NAMESPACED: Final = (
    "configmaps",
    "cronjobs.batch",
    "daemonsets.apps",
    "deployments.apps",
    "horizontalpodautoscalers.autoscaling",
    "ingresses.networking.k8s.io",
    "jobs.batch",
    "limitranges",
    "networkpolicies.networking.k8s.io",
    "persistentvolumeclaims",
    "poddisruptionbudgets.policy",
    "pods",
    "podtemplates",
    "replicasets.apps",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
    "statefulsets.apps",
)
"""What a placement may have in a namespace of the ceiling without more words. Not among them: what redirects traffic of
others (endpoints), is about other identities (RBAC), or may hold a pod template that `fleet-guard` cannot read (custom
resources).
"""
_RBAC: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the admin names. Resources are spelt as kubectl does (`rollouts.argoproj.io`).

    `namespaces`: where placements may have objects. `cluster_scoped`: resources without a namespace that they may have,
    none by default; with `namespaces` among them those of `namespaces` only, and whoever may delete a namespace deletes
    what others have in it. `custom`: namespaced resources beside `NAMESPACED`; whatever makes pods of them is not held
    by `fleet-guard`. `service_accounts`: those that pods may run as beside the placement's own. `shared`: what pods may
    name beside the placement's own, as `secrets/registry`, `configmaps/ca`. `escalation`: names of roles that
    placements may write and bind.
    """

    namespaces: tuple[str, ...]
    cluster_scoped: tuple[str, ...] = ()
    custom: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ("default",)
    shared: tuple[str, ...] = ("configmaps/kube-root-ca.crt",)
    escalation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permit:
    """A form that a rule may have: at most these resources and verbs.

    `names`: only these; None: any, but some. With `whole` it has none, and is about all objects of its namespace.
    """

    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] | None = None
    whole: bool = False

    def covers(self, rule: Rule) -> bool:
        """Whether a rule has this form."""
        return (
            set(resources_of(rule)) <= set(self.resources)
            and set(rule.verbs) <= set(self.verbs)
            and bool(rule.names) is not self.whole
            and "" not in rule.names
            and (self.names is None or set(rule.names) <= set(self.names))
        )


def permits_in_home() -> tuple[Permit, ...]:
    """What rules in the fleet's own namespace may be: about placements' records."""
    return (Permit(("configmaps", "secrets"), tuple(sorted(VERBS))),)


def permits_in_namespace(ceiling: Ceiling) -> tuple[Permit, ...]:
    """What rules in a namespace of the ceiling may be."""
    return (
        Permit((*NAMESPACED, *ceiling.custom), tuple(sorted(VERBS))),
        Permit(("jobs.batch", "pods"), ("list",), whole=True),
        *_permits_of_roles(ceiling, "roles", "clusterroles", "rolebindings"),
    )


def permits_in_cluster(ceiling: Ceiling) -> tuple[Permit, ...]:
    """What rules of the cluster may be."""
    anything = tuple(sorted(VERBS))
    others = tuple(resource for resource in ceiling.cluster_scoped if resource != "namespaces")
    return (
        Permit(("storageclasses.storage.k8s.io",), ("get",)),
        Permit(("namespaces",), ("get",), names=(HOME,)),
        *((Permit(others, anything),) if others else ()),
        *((Permit(("namespaces",), anything, ceiling.namespaces),) if "namespaces" in ceiling.cluster_scoped else ()),
        *_permits_of_roles(ceiling, "clusterroles", "clusterroles", "clusterrolebindings"),
    )


def ceiling_manifests(ceiling: Ceiling) -> tuple[dict[str, Any], ...]:
    """The namespaces of the ceiling and the fleet's own, with the label by which the fence knows them; sorted.

    Apply configurations: of a namespace that is there they set the label and nothing else.
    """
    return tuple(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: INSIDE}}}
        for name in sorted({*ceiling.namespaces, HOME})
    )


def outside_ceiling(rights: Rights, ceiling: Ceiling) -> tuple[Flaw, ...]:
    """What of derived rights the fence would refuse, for the preview: by path as `lint` has it, sorted."""
    return tuple(
        sorted(
            Flaw(f"{scope or '(cluster)'}.rules[{index}]", why)
            for scope, rules in rights.rules.items()
            for index, rule in enumerate(rules)
            if (why := _why_outside(scope, rule, ceiling))
        )
    )


def resources_of(rule: Rule) -> Iterator[str]:
    """Each of its resources as kubectl spells it."""
    for group in rule.groups:
        for resource in rule.resources:
            yield f"{resource}.{group}" if group else resource


def _why_outside(scope: str, rule: Rule, ceiling: Ceiling) -> str:
    if scope not in (CLUSTER, HOME, *ceiling.namespaces):
        return f"namespace `{scope}` is outside the ceiling. {_ask('namespaces')}"
    permits = permits_in_home() if scope == HOME else permits_in_namespace(ceiling)
    if any(permit.covers(rule) for permit in (permits_in_cluster(ceiling) if scope == CLUSTER else permits)):
        return ""
    what = f"{', '.join(rule.verbs)} on {', '.join(resources_of(rule))} ({', '.join(rule.names) or 'all'})"
    return f"{what} is outside the ceiling. {_ask('cluster_scoped' if scope == CLUSTER else 'custom')}"


def _permits_of_roles(ceiling: Ceiling, *resources: str) -> tuple[Permit, ...]:
    """Roles that may be written and bound by name, and bindings, which are held by the right to bind."""
    if not ceiling.escalation:
        return ()
    *roles, bindings = (f"{resource}.{_RBAC}" for resource in resources)
    verbs = tuple(sorted({*VERBS, "bind", "escalate"}))
    return (Permit(tuple(roles), verbs, ceiling.escalation), Permit((bindings,), tuple(sorted(VERBS))))


def _ask(field: str) -> str:
    return f"Have the member's admin add it to the join's `{field}`, or leave the object out"
