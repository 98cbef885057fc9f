"""What a placement needs at a member, by what that serves."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kubefleet.identity import Action, Flawed, needed_actions
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import MemberError
from kubefleet.kube.object_ref import ObjectRef


def needed_at(
    look: Connection,
    objects: Sequence[Mapping[str, Any]],
    previous: Iterable[ObjectRef],
    uid: str,
    allow_escalation: Collection[str],
) -> frozenset[Action]:
    """As `needed_actions`, by the kinds that the member behind `look` serves. Raises MemberError with all flaws."""
    served = look.apis().resources.values()
    try:
        return needed_actions(objects, previous, served, uid=uid, allow_escalation=allow_escalation)
    except Flawed as error:
        raise MemberError(look.name, "; ".join(map(str, error.flaws))) from error
