"""A task under its placement's own identity: at each member where it acts it first gets the rights that it needs."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from kubefleet.federation.allowed import lacking
from kubefleet.federation.grants import Grants, NotGranted
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.needed import needed_at
from kubefleet.federation.role import Role
from kubefleet.identity import Action
from kubefleet.identity.ceiling import Ceiling
from kubefleet.kube import ApiError, Connection, MemberError, NoAccount, NoIdentity
from kubefleet.kube.inventory_object import InventoryObject
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.member_apply import Wanted
from kubefleet.kube.patience import Patience
from kubefleet.kube.scope import scoped
from kubefleet.rollout.content import content_on
from kubefleet.rollout.step import patience
from kubefleet.rollout.task import Task

_SHOWN: Final = 5
Members = Callable[[str], FederatedMember]
"""A member by name. Raises Unreachable."""


@dataclass(slots=True)
class Acting:
    """One placement at all members, for one task or one removal."""

    uid: str
    role: Role
    members: Members
    ceiling: Ceiling
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at: dict[str, threading.Lock] = field(default_factory=dict)
    _open: dict[str, Connection] = field(default_factory=dict)
    _before: dict[str, frozenset[Action]] = field(default_factory=dict)

    def connect(self, name: str, wanted: Callable[[], Wanted | None], wait: Patience) -> Connection:
        """The member under the placement's identity, with the rights to bring what is wanted there and to take away
        what its record lists. Where there is neither, under the reader's: there is nothing to do but look.

        Raises MemberError where rights cannot be had.
        """
        with self._lock:
            at = self._at.setdefault(name, threading.Lock())
        with at:
            if name not in self._open:
                self._open[name] = self._opened(name, wanted(), wait)
            return self._open[name]

    def preview(self, name: str, wanted: Wanted) -> "Previewed":
        """What it would take to bring that there. Writes nothing. Raises MemberError where it cannot be told."""
        member = self.members(name)
        look = member.look()
        needed = self._needed(look, wanted, read_inventory_object(look, self.uid))
        placement = member.acting_as(self.role)
        mode = "" if member.mode.grants else member.mode.name
        try:
            lacks = frozenset(lacking(placement, needed))
        except (NoAccount, ApiError) as error:
            if isinstance(error, ApiError) and error.status != 401:
                raise
            lacks = needed  # nobody knows the placement there yet
        return Previewed(placement, needed, lacks, mode)

    def narrow(self, name: str, wanted: Wanted) -> None:
        """Leave it the rights to what is wanted there, and no more."""
        before = self._before.get(name)
        if before and self.members(name).mode.grants:
            needed = self._needed(self.members(name).reader(), wanted, None)
            if needed != before:
                self._told(name, lambda: self._grants(name).narrow(needed, before))

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
        try:
            member.provide(self.role)
        except MemberError as error:
            if error.member != name:
                raise NoIdentity(name, f"no account for {self.role.words}: {error}") from error
            raise
        needed = self._needed(look, wanted, stored)
        self._before[name] = needed
        if not member.mode.grants:
            return self._granted_by_others(name, member, needed)
        grants = self._grants(name)
        self._told(name, lambda: grants.widen(needed, wait))
        return grants.placement

    def _granted_by_others(self, name: str, member: FederatedMember, needed: frozenset[Action]) -> Connection:
        """Raises MemberError that lists what the member's admin has to grant."""
        placement = member.acting_as(self.role)
        if denied := lacking(placement, needed):
            raise MemberError(name, not_granted(member.mode.name, denied))
        return placement

    def _needed(self, look: Connection, wanted: Wanted | None, stored: InventoryObject | None) -> frozenset[Action]:
        objects = scoped(look, wanted.objects) if wanted is not None else ()
        previous = stored.objects if stored is not None else ()
        return needed_at(look, objects, previous, self.uid, self.ceiling.escalation)

    def _grants(self, name: str) -> Grants:
        return self.members(name).grants_of(self.role)

    def _told(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except NotGranted as error:
            raise MemberError(name, str(error)) from error


@dataclass(frozen=True, slots=True)
class Previewed:
    """A placement at one member: what is `needed` there, and what of it is not allowed yet. `mode` is given where
    others than the fleet hand out its rights.
    """

    connection: Connection
    needed: frozenset[Action]
    lacks: frozenset[Action]
    mode: str = ""


def not_granted(mode: str, denied: Collection[Action]) -> str:
    """What the admin of a member has to grant, in a mode in which the fleet does not."""
    more = f" and {len(denied) - _SHOWN} more" if len(denied) > _SHOWN else ""
    told = "; ".join(map(str, sorted(denied)[:_SHOWN]))
    return f"mode `{mode}` gives no rights, and there is none to {told}{more}. Have the member's admin grant it"


def acting(task: Task, one: Acting) -> Task:
    """The same task, done under the placement's own identity."""

    def wanted(name: str) -> Wanted | None:
        target: Mapping[str, object] = task.everywhere
        return content_on(task, name, task.everywhere[name]) if name in target else None

    return replace(
        task,
        connect=lambda name: one.connect(name, lambda: wanted(name), patience(task)),
        look=lambda name: one.members(name).reader(),
        narrow=one.narrow,
        withdraw=one.withdraw,
    )
