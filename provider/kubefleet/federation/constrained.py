"""Whether an API server has constrained impersonation (KEP-5284), before anybody is to impersonate by it."""

import re
from typing import Final

from kubefleet.federation.impersonation_refused import NO_CONSTRAINED, WITHOUT_IT
from kubefleet.federation.modes import Mode
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError

_GATE: Final = re.compile(r'^kubernetes_feature_enabled\{name="ConstrainedImpersonation"[^}]*\} (\d)', re.MULTILINE)
_SINCE: Final = (1, 36)


def by_legacy(mode: Mode, admin: Connection, *, allowed: bool) -> bool:
    """Whether an agent has to impersonate in the legacy way at this member, which is asked where the mode is about
    agents. Raises MemberError where it has to, and that is not `allowed`.
    """
    if not mode.impersonates or has_constrained(admin):
        return False
    if not allowed:
        raise MemberError(admin.name, f"{NO_CONSTRAINED}. {WITHOUT_IT}")
    return True


def has_constrained(admin: Connection) -> bool:
    """What the server's own metrics say of the feature, which may be on before it is by default, and off later. Where
    they cannot be read, or do not know it: whether the version is one in which it is on.
    """
    try:
        gate = _GATE.search(admin.get_text("/metrics"))
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        gate = None
    if gate is not None:
        return gate[1] == "1"
    version = admin.get("/version")
    # Some providers write `36+`.
    numbers = (re.match(r"\d+", str(version.get(part) or "")) for part in ("major", "minor"))
    return tuple(int(number[0]) if number else 0 for number in numbers) >= _SINCE
