"""What a join applies in modes in which an admin of the member hands out the rights of placements, not the fleet."""

from dataclasses import replace
from typing import Any, Final

from kubefleet.identity.admission_policy import cel_text
from kubefleet.identity.ceiling import Ceiling, ceiling_manifests
from kubefleet.identity.federation import Federation
from kubefleet.identity.guard import guard, token_guard
from kubefleet.identity.lint import VERBS
from kubefleet.identity.needs import HOME
from kubefleet.identity.rights import Rule
from kubefleet.identity.tiers import bound_role, reader_manifests

_RECORDS: Final = Rule(("",), ("configmaps", "secrets"), tuple(sorted(VERBS)))


def granted_join_manifests(user: str, ceiling: Ceiling) -> tuple[dict[str, Any], ...]:
    """Namespaces, what pods may be, the rights of a snapshot, and those to placements' records, for the one user that
    the member takes the fleet for; in the order of applying. Of a user that is not known (empty) only the namespaces.

    There is nobody to fence in. What is a placement's own and what another's nobody can tell: they are one user.
    """
    if not user:
        return ceiling_manifests(ceiling)
    them = Federation(user, "", user)
    # Not who begins like them: a person's name may be the beginning of another's.
    only = f"request.userInfo.username == {cel_text(user)}"
    policies = (replace(policy, user=only) for policy in (guard(them), token_guard(them)))
    written = (manifest for policy in policies for manifest in policy.manifests())
    records = bound_role("Role", {"name": "fleet-records", "namespace": HOME}, user, (_RECORDS,))
    return (*ceiling_manifests(ceiling), *written, *reader_manifests(user), *records)
