"""What `kubefleet join` is to do, and what it says."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer
import yaml

from kubefleet.federation import MODES, joining, make_mode
from kubefleet.federation.constrained import by_legacy
from kubefleet.federation.joining import Applied, Manifests
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.membership import Membership
from kubefleet.federation.modes import Ground, Mode
from kubefleet.federation.trusting import Issuer, trust_text
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import connect
from kubefleet.kube.cluster_uid import cluster_uid
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import MemberError
from kubefleet.kube.hub import HUB
from kubefleet.model.access import Kubeconfig
from kubefleet.spec.identity import AUTO

_WITHIN: Final = 15.0


@dataclass(frozen=True, slots=True)
class Wish:
    """A member, how its admin reaches it, and what to join it to. `user` is whom it takes the fleet for, where the mode
    does not know; `uid` that of its kube-system namespace, asked where it is empty; `file` its
    AuthenticationConfiguration, where that is ours. `agent` is who acts as the fleet's users, where somebody does, and
    `legacy` whether that may be by legacy impersonation.
    """

    member: str
    admin: Kubeconfig
    settings: IdentitySettings
    operators: Sequence[str] = ()
    user: str = ""
    uid: str = ""
    file: Path | None = None
    agent: str = ""
    legacy: bool = False

    def membership(self, *, going: bool) -> Membership:
        """Nobody is asked yet, but a member with an agent how that may impersonate, unless it is `going`. Raises
        MemberError: NoAccess where a context leads nowhere.
        """
        hub = self._hub()
        mode, admin = self._mode(hub), self._admin()
        there = self._there(mode, legacy=not going and by_legacy(mode, admin, allowed=self.legacy))
        member = FederatedMember(self.member, admin, mode, joins=True)
        return Membership(member, there, hub, self._on_hub(), self._issuer(hub), self.uid, self.file)

    def manifests(self) -> str:
        """Everything as YAML that kubectl can apply at the member; what is to be elsewhere is in comments. Nobody is
        asked, but for what the member is to trust: the hub, and the member itself if no `uid` is given. Raises
        MemberError.
        """
        hub = self._hub()
        text = _yaml(self._there(self._mode(hub), legacy=self.legacy))
        if on_hub := self._on_hub():
            text += _comment("On the hub:", _yaml(on_hub))
        if issuer := self._issuer(hub):
            entry = trust_text(issuer.trusted_by(self._uid()))
            text += _comment("In the AuthenticationConfiguration of the member's API server:", entry)
        return text

    def _there(self, mode: Mode, *, legacy: bool) -> Manifests:
        operators = () if self.settings.hub is not None else self.operators
        return joining.joining(mode, self.settings.ceiling, operators, self.user, self.agent, legacy=legacy)

    def _on_hub(self) -> Manifests:
        return joining.on_hub(MODES[self.settings.mode], self.settings.namespace, self.operators)

    def _mode(self, hub: Connection | None) -> Mode:
        settings = self.settings
        ground = Ground(lambda _: self._admin(), lambda _: self._uid(), hub, settings.namespace, entra=settings.entra)
        return make_mode(settings.mode, ground)

    def _issuer(self, hub: Connection | None) -> Issuer | None:
        if hub is None or not MODES[self.settings.mode].trusts_issuer:
            return None
        return Issuer(hub, self.settings.namespace)

    def _uid(self) -> str:
        if not self.uid and not self.admin.context:
            raise MemberError(self.member, "its uid is not known (expected `--uid`, or `--context`, to ask for it)")
        return self.uid or cluster_uid(self._admin())

    def _admin(self) -> Connection:
        return connect(self.member, self.admin, answer_within=_WITHIN)

    def _hub(self) -> Connection | None:
        hub = self.settings.hub
        return None if hub is None else connect(HUB, hub, answer_within=_WITHIN)


def tell(work: Iterator[Applied], done: str) -> None:
    """One line for each kind of objects of a cluster, also of what was done before something failed: the hub's, and
    then the member's.
    """
    changed: Counter[tuple[bool, str]] = Counter()
    same: Counter[tuple[bool, str]] = Counter()
    try:
        for item in work:
            (changed if item.changed else same)[item.cluster != HUB, item.kind] += 1
    finally:
        for key in sorted({*changed, *same}):
            counts = [f"{changed[key]} {done}"] if changed[key] else []
            counts += [f"{same[key]} as it was"] if same[key] else []
            at_member, kind = key
            typer.echo(f"{'' if at_member else 'hub: '}{kind}: {', '.join(counts)}")


def declarations(membership: Membership, declared: Mapping[str, Any], hub: Kubeconfig | None) -> str:
    """What the fleet's program declares for such a member: two lines of it. Raises MemberError."""
    given = {name: value for name, value in declared.items() if value != AUTO}
    arguments = ", ".join(f"{name}={_text(value)}" for name, value in given.items())
    of_hub = f'hub=Kubeconfig("{hub.context}"), ' if hub is not None else ""
    fleet = f"Fleet(..., {of_hub}identity=IdentityFederation({arguments}))"
    member = membership.member
    # Tokens are for one member by its uid, which whoever runs the fleet may not be able to ask.
    uid = f', uid="{membership.uid or cluster_uid(member.declared)}"' if member.mode.trusts_issuer else ""
    return f'  {fleet}\n  fleet.member("{member.name}", context="..."{uid})'


def what_is_left(membership: Membership, *, going: bool) -> str:
    """What somebody has to do now that the join cannot; empty where that is nothing."""
    name, mode = membership.member.name, membership.member.mode
    if going:
        trusts = mode.trusts_issuer and membership.file is None
        entry = "Its API server still knows the hub's tokens, which are good for nothing there"
        return f"{entry}: take the entry out of its AuthenticationConfiguration." if trusts else ""
    if mode.grants:
        return ""
    known = any(item["kind"] == "ClusterRole" for item in membership.there)
    has = (
        "what a snapshot reads, placements' records and `fleet-guard`"
        if known
        else "namespaces only, as no `--user` says who that is"
    )
    return (
        f"Mode `{mode.name}` hands out no rights: {name} has {has}. What placements need its admin "
        "grants: `pulumi preview` lists it."
    )


def _text(value: str | Sequence[str]) -> str:
    return f'"{value}"' if isinstance(value, str) else "[" + ", ".join(f'"{item}"' for item in value) + "]"


def _yaml(manifests: Manifests) -> str:
    return str(yaml.safe_dump_all(manifests, sort_keys=False))


def _comment(title: str, text: str) -> str:
    return "".join(f"# {line}\n" for line in (title, *text.splitlines()))
