"""What an API server's refusal to let an agent act as somebody means, for whoever has to mend it."""

import re
from typing import Final

from kubefleet.federation.role import Role
from kubefleet.kube.errors import ApiError

_REFUSED: Final = re.compile(r'User "(?P<agent>[^"]*)" cannot (?P<verb>impersonate\S*) .*')
_LEGACY: Final = "impersonate"
NO_CONSTRAINED: Final = "it knows no constrained impersonation (KEP-5284: Kubernetes has it since 1.36)"
WITHOUT_IT: Final = "Allow `legacy_impersonation`: the agent may do whatever a placement may. Or use another mode"


def explain_impersonation(error: ApiError, role: Role) -> str:
    """One line; empty where the refusal is about something else."""
    found = _REFUSED.search(error.message) if error.status == 403 else None
    if found is None:
        return ""
    told = f"may not act as {role.words}: {found[0].rstrip('.')}"
    if found["verb"] == _LEGACY:
        return f"{told}: {NO_CONSTRAINED}. {WITHOUT_IT}"
    return f"{told}. Have the member's admin join it with this agent: `--mode impersonation --agent {found['agent']}`"
