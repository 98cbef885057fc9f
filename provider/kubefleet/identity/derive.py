"""The least rights under which one placement can be applied to one member, derived from its objects."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kubefleet.identity.action import Action
from kubefleet.identity.escalation import escalations
from kubefleet.identity.flaw import Flaw, Flawed
from kubefleet.identity.needs import (
    WATCHES,
    actions_of_content,
    actions_of_records,
    actions_of_stopping,
    actions_of_waiting,
    actions_on,
)
from kubefleet.identity.rights import Rights, rights_for
from kubefleet.identity.served import Addressed, Kinds, ServedKind, address_of, kinds_by_name


def derive_rbac(
    objects: Sequence[Mapping[str, Any]],
    previous: Iterable[Addressed],
    served: Iterable[ServedKind],
    *,
    uid: str,
    allow_escalation: Collection[str] = (),
    watches: int = WATCHES,
) -> Rights:
    """The rights to exactly what `needed_actions` says, in canonical form. Arguments and errors are the same."""
    return rights_for(
        needed_actions(objects, previous, served, uid=uid, allow_escalation=allow_escalation, watches=watches)
    )


def needed_actions(
    objects: Sequence[Mapping[str, Any]],
    previous: Iterable[Addressed],
    served: Iterable[ServedKind],
    *,
    uid: str,
    allow_escalation: Collection[str] = (),
    watches: int = WATCHES,
) -> frozenset[Action]:
    """Every action that applying `objects` and pruning `previous` takes; see the table of `needs`.

    `objects` are manifests as they are applied on this member, with its replicas and namespaces; `previous` is what
    the inventory object lists. `served` is the member's catalogue of kinds, to which CRDs among the objects are added.
    `allow_escalation` names roles that the placement may write or bind whatever they say. What was placed before and
    is of a kind that is no longer served is gone, and needs nothing.

    Raises Flawed for every object of a kind that is not served, without a name or namespace, and for every RBAC object
    that is not let in by name.
    """
    kinds = kinds_by_name(served, objects)
    items = [(manifest, address_of(manifest)) for manifest in objects]
    flaws = [flaw for _, item in items if (flaw := _flaw_of(item, kinds))]
    granted: list[Action] = []
    for item, action, allowed in escalations(items, allow_escalation):
        if allowed:
            granted.append(action)
        else:
            flaws.append(Flaw(str(item), f"it takes {action}. Allow it: allow_escalation=[`{action.name}`]"))
    if flaws:
        raise Flawed(flaws)
    before = [item for item in previous if (item.api_version, item.kind) in kinds]
    addresses = [address for _, address in items]
    return frozenset(
        (
            *granted,
            *actions_of_records(uid),
            *(
                action
                for item in (*addresses, *before)
                for action in actions_on(item, kinds[item.api_version, item.kind])
            ),
            *actions_of_stopping((*addresses, *before)),
            *actions_of_waiting(addresses, kinds, watches),
            *(action for manifest, item in items for action in actions_of_content(manifest, item)),
        )
    )


def _flaw_of(item: Addressed, kinds: Kinds) -> Flaw | None:
    kind = kinds.get((item.api_version, item.kind))
    if kind is None:
        return Flaw(str(item), f"the member serves no {item.kind} of `{item.api_version}`. Apply its CRD first")
    if not item.name:
        return Flaw(str(item), "no metadata.name (expected one: rights are given by name)")
    if kind.namespaced and not item.namespace:
        return Flaw(str(item), "no metadata.namespace (expected one: the kind is namespaced)")
    return None
