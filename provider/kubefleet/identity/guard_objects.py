"""`fleet-guard-objects`: what else placements' objects may name, where that reaches what is another placement's.

What selects pods by label (Services, NetworkPolicies, disruption budgets) names nobody, and cannot be told apart.
"""

from typing import Final

from kubefleet.identity.admission_policy import Matched, Policy, cel_text
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.guard import NAME
from kubefleet.identity.guard_references import own_source
from kubefleet.identity.own_objects import may_name, policy_on_own

_MATCHED: Final = (
    Matched("", ("persistentvolumeclaims", "serviceaccounts")),
    Matched("autoscaling", ("horizontalpodautoscalers",), versions=("v2",)),
    Matched("networking.k8s.io", ("ingresses",)),
)
# RBAC speaks of plurals. What has another plural than its kind with an `s` counts as somebody else's.
_OWN_TARGET: Final = """params.?rules.orValue([]).exists(r,
has(r.resourceNames) && variables.item.spec.scaleTargetRef.name in r.resourceNames &&
variables.item.spec.scaleTargetRef.kind.lowerAscii() + 's' in r.resources)"""


def guard_objects(federation: Federation, ceiling: Ceiling) -> Policy:
    """The policy for all users of the federation."""
    secret = f"({may_name('secrets', 'i.name', ceiling)})"
    certificate = f"({may_name('secrets', 'i.secretName', ceiling)})"
    rules = (
        (
            "volume claims copy claims of the placement only, or shared ones",
            _if("PersistentVolumeClaim", own_source("variables.item.spec", ceiling)),
        ),
        ("autoscalers scale what is the placement's own", _if("HorizontalPodAutoscaler", _OWN_TARGET)),
        (
            "Ingresses show certificates of the placement, or shared ones",
            _if("Ingress", f"variables.item.spec.?tls.orValue([]).all(i, !has(i.secretName) || {certificate})"),
        ),
        (
            "service accounts hand out Secrets of the placement, or shared ones",
            _if("ServiceAccount", f"variables.item.?imagePullSecrets.orValue([]).all(i, {secret})"),
        ),
    )
    # Untyped: each kind has fields of its own.
    return policy_on_own(f"{NAME}-objects", federation, _MATCHED, rules, {"item": "dyn(object)"})


def _if(kind: str, rule: str) -> str:
    return f"object.kind != {cel_text(kind)} || ({rule})"
