"""A task under its placement's own identity: at each member where it acts it first gets the rights that it needs."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from kubefleet.federation.allowed import lacking
from kubefleet.federation.denied import Denied
from kubefleet.federation.foreign_secrets import foreign_secrets
from kubefleet.federation.grants import Grants, NotGranted
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.needed import needed_at
from kubefleet.federation.role import Role
from kubefleet.federation.standing_rights import own_rights
from kubefleet.identity import Action
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.rights import CLUSTER
from kubefleet.identity.settings import OnDenied
from kubefleet.kube import Connection, MemberError, NoIdentity, Unreachable
from kubefleet.kube.inventory_object import InventoryObject
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.member_apply import Wanted
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.scope import scoped
from kubefleet.rollout.content import content_on
from kubefleet.rollout.denial import never_granted, not_granted
from kubefleet.rollout.step import patience
from kubefleet.rollout.task import Task

Members = Callable[[str], FederatedMember]
"""A member by name. Raises Unreachable."""


@dataclass(slots=True)
class Acting:
    """One placement at all members, for one task or one removal. Its tokens live for so many `seconds`. `kin` are the
    uids of placements whose Secrets it may have too: they share them, or go at the end of this command.
    """

    uid: str
    role: Role
    members: Members
    ceiling: Ceiling
    seconds: int
    on_denied: OnDenied = OnDenied.FAIL
    kin: frozenset[str] = frozenset()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at: dict[str, threading.Lock] = field(default_factory=dict)
    _open: dict[str, Connection] = field(default_factory=dict)
    _before: dict[str, frozenset[Action]] = field(default_factory=dict)

    def connect(self, name: str, wanted: Callable[[], Wanted | None], wait: Patience) -> Connection:
        """The member under the placement's identity, with the rights to bring what is wanted there and to take away
        what its record lists. Where there is neither, under the reader's: there is nothing to do but look.

        Raises Denied where rights cannot be had.
        """
        with self._lock:
            at = self._at.setdefault(name, threading.Lock())
        with at:
            if name not in self._open:
                self._open[name] = self._opened(name, wanted(), wait)
            return self._open[name]

    def needed(self, look: Connection, wanted: Wanted | None, stored: InventoryObject | None) -> frozenset[Action]:
        """What it takes at the member behind `look` to bring what is wanted and to prune what is stored. Raises
        MemberError.
        """
        objects = scoped(look, wanted.objects) if wanted is not None else ()
        previous = stored.objects if stored is not None else ()
        return needed_at(look, objects, previous, self.uid, self.ceiling.escalation)

    def never_granted(self, look: Connection, wanted: Wanted, stored: InventoryObject | None) -> tuple[str, ...]:
        """Why the fleet hands out no rights to what is wanted; empty where it would. What is only to be removed has
        been let in before. Raises MemberError.
        """
        own = {ref.key for ref in stored.objects} if stored is not None else set()
        new = [ref for manifest in scoped(look, wanted.objects) if (ref := ref_of(manifest)).key not in own]
        foreign = foreign_secrets(look, new, self.kin)
        return never_granted(self.needed(look, wanted, None), self.ceiling, foreign)

    def narrow(self, name: str, wanted: Wanted) -> None:
        """Leave it the rights to what is wanted there, and no more: also none of a run that did not come to its end."""
        member, before = self.members(name), self._before.get(name)
        if before and member.mode.grants:
            needed = self.needed(member.reader(), wanted, None)
            if needed != before or self.beyond(member, needed):
                self._told(name, lambda: self._grants(name).narrow(needed, before))

    def beyond(self, member: FederatedMember, needed: frozenset[Action]) -> frozenset[Action]:
        """What it has where it needs something, and does not need. Raises as `Connection` does."""
        where = {action.namespace for action in needed} - {CLUSTER}
        return own_rights(member.look(), member.acting_as(self.role), where) - needed

    def withdraw(self, name: str) -> None:
        """Leave it no rights."""
        before = self._before.get(name)
        if before and self.members(name).mode.grants:
            self._told(name, lambda: self._grants(name).withdraw(before))
            self.members(name).retire(self.role)

    def forget(self) -> None:
        """Nothing of the placement is anywhere."""
        for name in sorted(self._before)[:1]:
            self.members(name).mode.forget(self.role)

    def _opened(self, name: str, wanted: Wanted | None, wait: Patience) -> Connection:
        member = self.members(name)
        look = member.look()
        stored = read_inventory_object(look, self.uid)
        if wanted is None and stored is None:
            return look
        needed = self.needed(look, wanted, stored)
        if member.mode.grants and wanted is not None and (flaws := self.never_granted(look, wanted, stored)):
            raise Denied(name, "; ".join(flaws))
        try:
            member.provide(self.role)
        except MemberError as error:
            if error.member != name:
                raise NoIdentity(name, f"no account for {self.role.words}: {error}") from error
            raise
        self._before[name] = needed
        if not member.mode.grants:
            return self._granted_by_others(name, member, needed)
        grants = self._grants(name)
        try:
            grants.widen(needed, wait)
        except NotGranted as error:
            raise Denied(name, str(error)) from error
        return replace(grants.placement, rights=grants.name_of(needed))

    def _granted_by_others(self, name: str, member: FederatedMember, needed: frozenset[Action]) -> Connection:
        """Raises Denied with what the member's admin has to grant."""
        placement = member.acting_as(self.role)
        if denied := lacking(placement, needed):
            raise Denied(name, not_granted(member.mode.name, denied))
        return placement

    def _grants(self, name: str) -> Grants:
        return self.members(name).grants_of(self.role)

    def _told(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except NotGranted as error:
            raise MemberError(name, str(error)) from error


def acting(task: Task, one: Acting) -> Task:
    """The same task, done under the placement's own identity. Where it is denied that, and clusters may be skipped, the
    member is one that cannot be reached.
    """

    def wanted(name: str) -> Wanted | None:
        target: Mapping[str, object] = task.everywhere
        return content_on(task, name, task.everywhere[name]) if name in target else None

    def connect(name: str) -> Connection:
        try:
            return one.connect(name, lambda: wanted(name), patience(task))
        except Denied as error:
            if one.on_denied is OnDenied.SKIP_CLUSTER:
                raise Unreachable(name, f"left out: {error.why}") from error
            raise

    return replace(
        task,
        connect=connect,
        look=lambda name: one.members(name).reader(),
        narrow=one.narrow,
        withdraw=one.withdraw,
    )
