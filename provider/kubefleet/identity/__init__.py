"""Who may do what in a member: rights derived from the objects placed, and what guards them. Pure."""

from kubefleet.identity.action import Action
from kubefleet.identity.allows import rules_allow
from kubefleet.identity.ceiling import Ceiling, outside_ceiling
from kubefleet.identity.derive import derive_rbac, needed_actions
from kubefleet.identity.federation import Federation
from kubefleet.identity.flaw import Flaw, Flawed
from kubefleet.identity.join import join_manifests
from kubefleet.identity.lint import lint
from kubefleet.identity.rights import Rights, Rule, rule_of
from kubefleet.identity.roles import role_manifests
from kubefleet.identity.trust import TrustedHub, audience_of, not_trusting, trusting

__all__ = [
    "Action",
    "Ceiling",
    "Federation",
    "Flaw",
    "Flawed",
    "Rights",
    "Rule",
    "TrustedHub",
    "audience_of",
    "derive_rbac",
    "join_manifests",
    "lint",
    "needed_actions",
    "not_trusting",
    "outside_ceiling",
    "role_manifests",
    "rule_of",
    "rules_allow",
    "trusting",
]
