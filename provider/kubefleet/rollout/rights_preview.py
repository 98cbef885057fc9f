"""Which rights a rollout takes and gives back, and where it may not act, before anything is written: for previews."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from kubefleet.federation.allowed import lacking
from kubefleet.federation.member import FederatedMember
from kubefleet.identity import Action
from kubefleet.identity.settings import OnDenied
from kubefleet.identity.wording import in_words
from kubefleet.kube import ApiError, Connection, MemberError, NoAccount, Unreachable, fan_out
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.member_apply import Wanted
from kubefleet.kube.reviews import user_of
from kubefleet.report.duration_text import duration_text
from kubefleet.rollout.acting import Acting
from kubefleet.rollout.content import content_on
from kubefleet.rollout.denial import not_granted
from kubefleet.rollout.rehearsal import Changed
from kubefleet.rollout.task import Task

_NONE: Final[frozenset[Action]] = frozenset()


@dataclass(frozen=True, slots=True)
class Previewed:
    """A placement at one member: what it `gains` there, which is what it lacks now, and what it `loses`; or why it is
    `denied` what it needs. Who it is and what changes is `told` in one line; empty where nothing does.
    """

    connection: Connection
    gains: frozenset[Action] = _NONE
    loses: frozenset[Action] = _NONE
    denied: tuple[str, ...] = ()
    told: str = ""


@dataclass(slots=True)
class RightsPreview:
    """`mistakes` fail the preview; `left_out`: why it may not act on clusters that are skipped then; `told`: who acts,
    and with what rights. All by line, with the clusters. `rehearsed` is the part of what changes that the rights which
    it has already are enough to try.
    """

    mistakes: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)
    rehearsed: dict[str, frozenset[str]] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

    def connect(self, name: str) -> Connection:
        """The cluster under the placement's identity, which gets no rights by that."""
        return self.connections[name]


def preview_rights(
    task: Task, one: Acting, changed: Changed, shrinking: Collection[str] = (), left: Collection[str] = ()
) -> RightsPreview:
    """Asks in parallel all clusters where objects change, and those where some only go (`shrinking`); those that are
    `left` need not be asked. Of one that does not answer the schedule has told; another that cannot be asked is told
    here.
    """
    names = sorted({*(name for name in changed if changed[name]), *shrinking})
    preview = RightsPreview()
    denied = preview.left_out if one.on_denied is OnDenied.SKIP_CLUSTER else preview.mistakes

    def ask(name: str) -> Previewed:
        return preview_at(one, name, content_on(task, name, task.target[name]))

    for name, outcome in zip(names, fan_out(names, ask, max_parallel=task.max_parallel), strict=True):
        if isinstance(outcome.error, Unreachable):
            continue
        if isinstance(outcome.error, MemberError):
            preview.mistakes.setdefault(str(outcome.error).removeprefix(f"{name}: "), []).append(name)
            continue
        found = outcome.get()
        for why in found.denied:
            denied.setdefault(why, []).append(name)
        if found.denied:
            continue
        if found.told:
            preview.told.setdefault(found.told, []).append(name)
        preview.connections[name] = found.connection
        preview.rehearsed[name] = frozenset(key for key in changed.get(name, ()) if not _is_about(found.gains, key))
    if gone := [name for name in sorted(left) if _hands_out(one, name)]:
        preview.told["loses all its rights, once nothing of it is there"] = gone
    return preview


def _hands_out(one: Acting, name: str) -> bool:
    """Whether the fleet gives rights there, and so takes them away."""
    try:
        return one.members(name).mode.grants
    except Unreachable:
        return False


def preview_at(one: Acting, name: str, wanted: Wanted) -> Previewed:
    """What it takes to bring that to a member. Writes nothing. Raises MemberError where it cannot be told."""
    member = one.members(name)
    look, placement = member.look(), member.acting_as(one.role)
    stored = read_inventory_object(look, one.uid)
    needed, after = one.needed(look, wanted, stored), one.needed(look, wanted, None)
    try:
        lacks, known = frozenset(lacking(placement, needed)), True
    except NoAccount:
        lacks, known = needed, False  # it is made when the placement first acts
    except ApiError as error:
        if error.status != 401:
            raise
        lacks, known = needed, False  # the member is still to join
    if not member.mode.grants:
        if lacks:
            return Previewed(placement, denied=(not_granted(member.mode.name, lacks),))
        return Previewed(placement, told=_who(one, member, placement) if stored is None else "")
    if denied := one.never_granted(look, wanted, stored) or _refused(one, member, needed, lacks):
        return Previewed(placement, denied=denied)
    # What is to be pruned it has until that is gone.
    loses = one.beyond(member, needed) | (needed - after - lacks) if known else _NONE
    told = _told(_who(one, member, placement), lacks, loses) if lacks or loses else ""
    return Previewed(placement, lacks, loses, told=told)


def _refused(
    one: Acting, member: FederatedMember, needed: frozenset[Action], lacks: frozenset[Action]
) -> tuple[str, ...]:
    """Why the member would not take the rights from the fleet. Of one that joins in this program nobody knows: what it
    lets in may be another thing after that.
    """
    if not lacks or member.joins:
        return ()
    why = member.grants_of(one.role).refused(needed)
    return (f"there is no right to {in_words(lacks)}, and {why}",) if why else ()


def _who(one: Acting, member: FederatedMember, placement: Connection) -> str:
    mode = member.mode
    life = f", tokens of {duration_text(one.seconds)}" if mode.timed else ""
    return f"acts as `{mode.user(one.role) or user_of(placement)}` (mode `{mode.name}`{life})"


def _told(who: str, gains: frozenset[Action], loses: frozenset[Action]) -> str:
    changes = (
        f"{word} {len(actions)} rights: {in_words(actions)}"
        for word, actions in (("gains", gains), ("loses", loses))
        if actions
    )
    return "; ".join((who, *changes))


def _is_about(lacks: Collection[Action], key: str) -> bool:
    """Whether one of the actions is on the object `apiVersion/Kind/namespace/name`, or on one of its name."""
    *_, namespace, name = key.split("/")
    return any(action.name == name and action.namespace in ("", namespace) for action in lacks)
