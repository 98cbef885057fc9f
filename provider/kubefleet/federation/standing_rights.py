"""What a placement may do at a member now, as its own identity is told, beside what it needs there."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from immutabledict import immutabledict

from kubefleet.federation.allowed import lacking, listed_in
from kubefleet.federation.needed import needed_at
from kubefleet.identity import Action, Rights, Rule
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.needs import HOME
from kubefleet.identity.rights import actions_of
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef


@dataclass(frozen=True, slots=True)
class StandingRights:
    """What it `has`; what of its needs it lacks, which the next `up` grants (`gains`); what it has beyond them, which
    the next rollout takes away (`loses`).
    """

    has: tuple[Action, ...]
    gains: tuple[Action, ...]
    loses: tuple[Action, ...]


def standing_rights(
    look: Connection, placement: Connection, uid: str, declared: Collection[ObjectRef], ceiling: Ceiling
) -> StandingRights:
    """Asks as the placement, for the namespaces of the ceiling and the fleet's own. `look` is the reader, who tells
    what it has there. `declared` are objects that state has of it there, which count until it has come to its end
    there; none where it is not placed. Writes nothing. Raises MemberError.
    """
    stored = read_inventory_object(look, uid)
    refs: set[ObjectRef] = set(declared)
    if stored is not None:
        refs = set(stored.objects) if stored.completed and declared else refs | set(stored.objects)
    served = tuple(look.apis().resources.values())
    kinds = {(item.api_version, item.kind) for item in served}
    # What is of a kind that is no longer served is gone.
    there = (ref for ref in sorted(refs, key=str) if (ref.api_version, ref.kind) in kinds)
    manifests = [_manifest(placement, ref) for ref in there]
    needed: frozenset[Action] = frozenset()
    if manifests:
        needed = needed_at(look, manifests, (), uid, ceiling.escalation)
    has = own_rights(look, placement, {HOME, *ceiling.namespaces})
    gains = lacking(placement, needed)
    return StandingRights(tuple(sorted(has)), gains, tuple(sorted(has - needed)))


def own_rights(look: Connection, placement: Connection, namespaces: Collection[str]) -> frozenset[Action]:
    """What the placement may do in these namespaces and in the whole cluster, without what everybody may, as the reader
    tells. Asks as both. Raises as `Connection` does.
    """
    served = look.apis().resources.values()
    namespaced = {(item.api_version.rpartition("/")[0], item.plural) for item in served if item.namespaced}
    return frozenset(
        # A rule of the cluster is told in every namespace.
        action if (action.group, action.resource) in namespaced else replace(action, namespace="")
        for namespace in sorted(namespaces)
        for action in actions_of(Rights(immutabledict({namespace: _own(look, placement, namespace)})))
    )


def _manifest(placement: Connection, ref: ObjectRef) -> dict[str, Any]:
    """The object as it is there, since rights also depend on what is in it; its address where it may not be read."""
    try:
        live = find(placement, ref)
    except ApiError as error:
        if error.status != 403:
            raise
        live = None
    metadata = {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
    return live or {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}


def _own(look: Connection, placement: Connection, namespace: str) -> tuple[Rule, ...]:
    """Without what whoever is known may do, the reader too: no rule of a placement is one of the reader's."""
    everybodys = set(listed_in(look, namespace).rules)
    return tuple(rule for rule in listed_in(placement, namespace).rules if rule not in everybodys)
