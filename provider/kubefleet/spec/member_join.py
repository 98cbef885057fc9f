"""`MemberJoin` as a program writes it."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.spec.identity import WITH_AGENT, WITH_HUB, parse_identity
from kubefleet.spec.member import AccessSpec, access_of
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.scalars import Text, check_name
from kubefleet.spec.written import Written, read

_OF_A_FLEET: Final = "fleet"


class MemberJoinSpec(Written):
    """Its fields."""

    access: AccessSpec | None = None
    identity: dict[str, Any] | None = None
    operators: list[Text] = []
    uid: Text | None = None
    authentication_config: Text | None = None


def check_member_join(name: str, raw: Mapping[str, Any], mistakes: list[Mistake]) -> None:
    """Add everything that is wrong with the join of a member in a stack of its admin's own."""
    path = f"members.{name}"
    check_name(name, path, mistakes)
    spec = read(MemberJoinSpec, raw, path, Spelling.PYTHON, mistakes)
    if spec is None:
        return
    if spec.access is None:
        mistakes.append(Mistake(path, "no way to reach the cluster (expected `context` or `access` of its admin)."))
    else:
        access_of(spec.access, join(path, "access"), mistakes)
    found: list[Mistake] = []
    settings = parse_identity(spec.identity, found)
    # Both say the same of an identity and of a hub, a fleet by other paths.
    mistakes += (Mistake(f"{path}{item.path.removeprefix(_OF_A_FLEET)}", item.message) for item in found)
    if settings is None:
        if spec.identity is None:
            mistakes.append(Mistake(join(path, "identity"), "missing field (expected `IdentityFederation(...)`)"))
        return
    if not settings.ceiling.namespaces:
        where = join(path, "identity", "namespaces")
        mistakes.append(Mistake(where, "none (expected those where placements may have objects)."))
    if spec.operators and settings.mode in WITH_HUB:
        what = f"in mode `{settings.mode}` accounts are on the hub (expected none). Name them in `HubAccounts`."
        mistakes.append(Mistake(join(path, "operators"), what))
    if settings.mode in WITH_AGENT and len(spec.operators) != 1:
        what = (
            f"{len(spec.operators)} in mode `{settings.mode}` (expected one: the agent, who acts as the fleet's users)."
        )
        mistakes.append(Mistake(join(path, "operators"), what))
