"""A member joins a fleet, and leaves it: the one piece of work that takes an admin of the member."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kubefleet.federation import joining
from kubefleet.federation.checking import await_fence
from kubefleet.federation.foreseeing import foresee_trust
from kubefleet.federation.joining import Applied, Manifests
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.role import RIGHTS
from kubefleet.federation.trusting import Issuer, distrust, trust
from kubefleet.identity.trust import TrustedHub
from kubefleet.kube.cluster_uid import cluster_uid
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError, NoAccess, NoIdentity
from kubefleet.kube.impersonating import as_user
from kubefleet.kube.patience import Patience
from kubefleet.kube.reviews import user_of


@dataclass(frozen=True, slots=True)
class Membership:
    """What a join of `member` is about, whose `declared` access is an admin's.

    `there` is applied at the member, `on_hub` at the `hub`, where the mode has accounts on one and the join makes them.
    `issuer` is the hub that the member has to trust, where the mode is about that: by its AuthenticationConfiguration,
    whose path is `file` where that is ours. `uid` is that of its kube-system namespace: where it is empty it is asked.
    """

    member: FederatedMember
    there: Manifests
    hub: Connection | None = None
    on_hub: Manifests = ()
    issuer: Issuer | None = None
    uid: str = ""
    file: Path | None = None

    def join(self, patience: Patience) -> Iterator[Applied]:
        """Apply it, object by object as the iterator goes on; it ends when the fence is in force.

        What can be foreseen to fail does so before anything is touched. Raises MemberError; NotTrusted where somebody
        else has to have the member trust the hub: what is to be applied is there by then.
        """
        self._expect_mode()
        trusted = self.to_trust()
        if self.hub is not None:
            yield from joining.apply_all(self.hub, self.on_hub)
        yield from joining.join(self.member.declared, self.there)
        if trusted is not None and self.issuer is not None:
            trust(self.member, trusted, self.file, patience, tried=self.issuer.gives_tokens())
        if self.member.mode.grants:
            await_fence(self._rights(), patience)

    def leave(self) -> Iterator[Applied]:
        """Take back what the member has; the hub's accounts are other members' too. Rights go first, as the hub may be
        the one that does not answer. Raises MemberError.
        """
        self._expect_mode()
        yield from joining.leave(self.member.declared, self.there)
        if self.issuer is not None and self.file is not None:
            distrust(self.member, self.issuer, self.file)

    def _expect_mode(self) -> None:
        """In another mode users have other names: what these were given would stay, and no policy would know them."""
        was, mode = joining.joined_in(self.member.declared), self.member.mode.name
        if was and was != mode:
            way = f"Leave in that one first, when the placements are gone: kubefleet join --mode {was} --leave"
            raise MemberError(self.member.name, f"it has joined in mode `{was}` (expected `{mode}`). {way}")

    def _rights(self) -> Connection:
        """The one that hands out rights, as itself. Whoever can get no token of it is an admin of the member all the
        same, and an admin may act as anybody.
        """
        own = self.member.acting_as(RIGHTS)
        return own if _is_somebody(own) else as_user(self.member.declared, self.member.mode.user(RIGHTS))

    def to_trust(self) -> TrustedHub | None:
        """What the member has to trust; None where the mode is not about that. Raises MemberError where it cannot."""
        if self.issuer is None:
            return None
        admin = self.member.declared
        return foresee_trust(admin, self.issuer, self.uid or cluster_uid(admin))


def _is_somebody(connection: Connection) -> bool:
    """Whether there is a credential for it, whatever the server says of that."""
    try:
        user_of(connection)
    except (NoAccess, NoIdentity):
        return False
    except ApiError:
        return True
    return True
