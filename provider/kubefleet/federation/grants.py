"""Grants: the rights of one placement at one member, widened before they are used and narrowed when all is done."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.federation.allowed import lacking
from kubefleet.federation.grant_refused import explain_grant
from kubefleet.identity import Action, Rights
from kubefleet.identity.federation import Federation
from kubefleet.identity.rights import CLUSTER, rights_for
from kubefleet.identity.roles import role_manifests
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.patience import Patience

MANAGER: Final = "kubefleet-rbac"
_AGREES_WITHIN: Final = 30.0
_DIGITS: Final = 12
_PAUSE: Final = 0.05
_RBAC: Final = "rbac.authorization.k8s.io/v1"


class NotGranted(Exception):
    """T1 may not write these rights, or the server does not agree to them: one line for the user."""


@dataclass(frozen=True, slots=True)
class Grants:
    """`rights` acts as T1, `placement` as the placement, whom the member knows as `user`."""

    rights: Connection
    placement: Connection
    user: str
    federation: Federation

    def refused(self, needed: Collection[Action]) -> str:
        """Why the member would not take these rights from the fleet, one line; empty where it would. Writes nothing:
        its policies are asked by dry runs of the roles. Raises Unreachable.
        """
        roles = role_manifests(rights_for(needed), self.user, self.federation)
        for manifest in (item for item in roles if not item["kind"].endswith("Binding")):
            try:
                apply_body(self.rights, manifest, manager=MANAGER, force=True, dry_run=True)
            except ApiError as error:
                return explain_grant(ref_of(manifest), self.user, error)
        return ""

    def widen(self, needed: Collection[Action], patience: Patience) -> bool:
        """Have all that is `needed` allowed. Whether anything had to be written: T1 does nothing where the member
        allows everything already.

        Waits until the server agrees. Raises NotGranted, and as `Connection` does.
        """
        if not lacking(self.placement, needed):
            return False
        self._apply(rights_for(needed))
        until = time.monotonic() + _AGREES_WITHIN
        while denied := lacking(self.placement, needed):
            if time.monotonic() >= until:
                raise NotGranted(f"{self.user} was granted {denied[0]}, and the server still denies it")
            patience.sleep(_PAUSE)
        return True

    def name_of(self, needed: Collection[Action]) -> str:
        """In words, the role that grants what is needed; the digest is the beginning of that in its annotation."""
        digest = rights_for(needed).digest[:_DIGITS]
        return f"Role `{self.federation.role_of(self.user)}` with the rights `{digest}`"

    def narrow(self, needed: Collection[Action], before: Collection[Action]) -> None:
        """Leave what is `needed` and nothing else; `before` says where there may be rights."""
        rights = rights_for(needed)
        self._apply(rights)
        self._remove({action.namespace for action in before} - set(rights.rules))

    def withdraw(self, before: Collection[Action]) -> None:
        """Leave nothing of what was needed `before`."""
        self._remove({action.namespace for action in before})

    def _apply(self, rights: Rights) -> None:
        for manifest in role_manifests(rights, self.user, self.federation):
            write_role(self.rights, manifest, self.user)

    def _remove(self, scopes: Collection[str]) -> None:
        """Bindings before roles: rights end at once."""
        name = self.federation.role_of(self.user)
        for kind in ("RoleBinding", "Role"):
            for scope in sorted(scopes):
                prefix = "Cluster" if scope == CLUSTER else ""
                remove_role(self.rights, ObjectRef(_RBAC, f"{prefix}{kind}", scope, name), self.user)


def write_role(rights: Connection, manifest: Mapping[str, Any], user: str) -> None:
    """Have a role or a binding say what it should, as T1; written only if it does not. Raises NotGranted."""
    try:
        live = find(rights, ref_of(manifest))
        if live is None or not _same(live, manifest):
            apply_body(rights, manifest, manager=MANAGER, force=True)
    except ApiError as error:
        raise NotGranted(explain_grant(ref_of(manifest), user, error)) from error


def remove_role(rights: Connection, ref: ObjectRef, user: str) -> None:
    """Have a role or a binding no more, as T1. Raises NotGranted."""
    try:
        delete_if_there(rights, ref)
    except ApiError as error:
        raise NotGranted(f"{ref} of {user}: {error.message}") from error


def _same(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a role or a binding says what it should."""
    return all(live.get(key) == wanted[key] for key in ("rules", "roleRef", "subjects") if key in wanted)
