"""A job under an identity of its own: at each member it first gets the rights to its own objects, and to no others."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from kubefleet.federation.allowed import lacking
from kubefleet.federation.denied import Denied
from kubefleet.federation.grants import NotGranted
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.role import Role
from kubefleet.identity import Action, lint, outside_ceiling
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.needs import actions_of_job
from kubefleet.identity.rights import rights_for
from kubefleet.identity.wording import in_words
from kubefleet.jobs.gang_objects import hold_name
from kubefleet.jobs.kinds import kind_of
from kubefleet.jobs.shard_job import WholeJob, name_of_generation
from kubefleet.kube import Connection, MemberError, NoIdentity
from kubefleet.kube.patience import Patience

_AHEAD: Final = 2
"""Generations that rights are had for in advance: a round may plan one, and the next one need not ask again."""


@dataclass(slots=True)
class ActingJob:
    """One job at all members, for one command. `generation` is the last that was planned: there are rights to the
    objects of those until it and of the next ones; where it is a `gang` to those that hold its room too. `members`
    raises Unreachable.
    """

    job: WholeJob
    role: Role
    members: Callable[[str], FederatedMember]
    ceiling: Ceiling
    patience: Patience
    generation: int = 0
    gang: bool = False
    _open: dict[str, tuple[int, Connection]] = field(default_factory=dict)
    _at: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self, name: str) -> Connection:
        """The member under the job's identity, with the rights to its objects there. Raises Denied where these cannot
        be had, and as `Connection` does.
        """
        with self._lock:
            at = self._at.setdefault(name, threading.Lock())
        with at:
            until, connection = self._open.get(name, (-1, None))
            if connection is None or self.generation > until:
                until = self.generation + _AHEAD
                connection = self._opened(name, self.needed(until))
                self._open[name] = until, connection
            return connection

    def needed(self, until: int) -> frozenset[Action]:
        """What it takes at a member for so many generations."""
        kind = kind_of(self.job.template)
        group, plural = (kind.group, kind.plural) if kind else ("batch", "jobs")
        names = [name_of_generation(self.job, number) for number in range(1, until + 1)]
        names += [hold_name(name) for name in names] if self.gang else []
        return frozenset(actions_of_job(group, plural, self.job.namespace, names))

    def never_granted(self) -> tuple[str, ...]:
        """Why the fleet hands out no such rights; empty where it does. Asks nobody."""
        rights = rights_for(self.needed(_AHEAD))
        named = (*self.ceiling.cluster_scoped, *self.ceiling.custom)
        flaws = (
            *outside_ceiling(rights, self.ceiling),
            *lint(rights, opted_in=named, escalation=self.ceiling.escalation, foreign_secrets=()),
        )
        return tuple(dict.fromkeys(flaw.why for flaw in flaws))

    def withdraw(self, names: Iterable[str]) -> None:
        """Leave it no rights at these members, where the fleet hands them out. Raises as `Connection` does."""
        for name in names:
            member = self.members(name)
            if member.mode.grants:
                try:
                    member.grants_of(self.role).withdraw(self.needed(self.generation + _AHEAD))
                except NotGranted as error:
                    raise MemberError(name, str(error)) from error
                member.retire(self.role)

    def forget(self, name: str) -> None:
        """Nothing of the job is anywhere: one member is asked for all."""
        self.members(name).mode.forget(self.role)

    def _opened(self, name: str, needed: frozenset[Action]) -> Connection:
        member = self.members(name)
        if member.mode.grants and (flaws := self.never_granted()):
            raise Denied(name, "; ".join(flaws))
        try:
            member.provide(self.role)
        except MemberError as error:
            if error.member != name:
                raise NoIdentity(name, f"no account for {self.role.words}: {error}") from error
            raise
        if not member.mode.grants:
            return self._granted_by_others(member, needed)
        grants = member.grants_of(self.role)
        try:
            grants.widen(needed, self.patience)
        except NotGranted as error:
            raise Denied(name, str(error)) from error
        return replace(grants.placement, rights=grants.name_of(needed))

    def _granted_by_others(self, member: FederatedMember, needed: frozenset[Action]) -> Connection:
        acting = member.acting_as(self.role)
        if denied := lacking(acting, needed):
            why = f"mode `{member.mode.name}` gives no rights, and there is none to {in_words(denied)}"
            raise Denied(member.name, f"{why}. Have the member's admin grant it")
        return acting
