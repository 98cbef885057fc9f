"""CEL that tells what is a placement's own: what its Role in the namespace names.

The fence has seen that Role, and its name tells whose it is. A policy is evaluated for each Role that says a
placement's rights; those of others say nothing about a request.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from immutabledict import immutabledict

from kubefleet.identity.admission_policy import Matched, Policy, cel_list, cel_text, either
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.guard import of_the_fleet
from kubefleet.identity.roles import RIGHTS, RIGHTS_LABEL, VERSION

RESOURCES: Final = ("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts")


def policy_on_own(
    name: str,
    federation: Federation,
    matched: tuple[Matched, ...],
    rules: Iterable[tuple[str, str]],
    variables: Mapping[str, str],
) -> Policy:
    """A policy for all users of the federation, whose rules may use `may_name`."""
    mine = f"params.metadata.name == {cel_text(federation.role_prefix)} + request.userInfo.username"
    own = {"other": f"!({mine})", **{resource: _rules_on(resource) for resource in RESOURCES}}
    return Policy(
        name,
        of_the_fleet(federation),
        matched,
        tuple((message, f"variables.other || ({rule})") for message, rule in rules),
        immutabledict({**own, **variables}),
        params=(VERSION, "Role"),
        selector=immutabledict({RIGHTS_LABEL: RIGHTS}),
    )


def may_name(resource: str, name: str, ceiling: Ceiling) -> str:
    """CEL: whether `name` is that of one of the placement's own objects of a core resource, or of a shared one."""
    shared = [text.partition("/")[2] for text in ceiling.shared if text.partition("/")[0] == resource]
    if resource == "serviceaccounts":
        shared += ceiling.service_accounts
    return either(f"{name} in {cel_list(shared)}", f"variables.{resource}.exists(r, {name} in r.resourceNames)")


def _rules_on(resource: str) -> str:
    """CEL: the rules of the Role that name objects of a core resource."""
    return f"""params.?rules.orValue([]).filter(r,
    '' in r.apiGroups && {cel_text(resource)} in r.resources && has(r.resourceNames))"""
