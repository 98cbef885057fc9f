"""Who may do what in a member: rights derived from the objects placed, and what guards them. Pure."""

from kubefleet.identity.action import Action
from kubefleet.identity.allows import rights_allow, rules_allow
from kubefleet.identity.derive import derive_rbac, needed_actions
from kubefleet.identity.flaw import Flaw, Flawed
from kubefleet.identity.rights import NO_RIGHTS, Rights, Rule, both, rule_of

__all__ = [
    "NO_RIGHTS",
    "Action",
    "Flaw",
    "Flawed",
    "Rights",
    "Rule",
    "both",
    "derive_rbac",
    "needed_actions",
    "rights_allow",
    "rule_of",
    "rules_allow",
]
