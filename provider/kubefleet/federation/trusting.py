"""Having a member's API server trust the hub: one entry in its AuthenticationConfiguration, where that file is ours."""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from kubefleet.federation.configured import has_read
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.role import READER
from kubefleet.identity import Flawed
from kubefleet.identity.trust import TrustedHub, not_trusting, revised, trusting
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.errors import ApiError, MemberError
from kubefleet.kube.patience import Patience
from kubefleet.kube.reviews import may, user_of

_HOW: Final = (
    "Name the file of its AuthenticationConfiguration: authentication_config=..., or have its admin trust that issuer"
)
_OTHER_FILE: Final = (
    "Is it started with `--authentication-config` and this very file, and does it reach the hub? Its log says why not"
)
DISCOVERY: Final = "/.well-known/openid-configuration"
_KEYS: Final = "/openid/v1/jwks"
"""Where an API server has them; an issuer may also publish them elsewhere, and then this is asked by nobody."""
_TRUSTED_WITHIN: Final = 60.0
_PAUSE: Final = 0.5
_EXPOSE: Final = (
    "kubectl create clusterrolebinding fleet-issuer-discovery "
    "--clusterrole=system:service-account-issuer-discovery --group=system:unauthenticated"
)


def issuer_of(connection: Connection) -> str:
    """Whom the tokens of a cluster's service accounts say that they are from. Raises as `Connection` does."""
    return str(connection.get(DISCOVERY).get("issuer") or "")


@dataclass(frozen=True, slots=True)
class Issuer:
    """The hub as an issuer of tokens for accounts of a namespace."""

    hub: Connection
    namespace: str

    def gives_tokens(self) -> bool:
        """Whether whoever asks may act as the fleet's reader. An admin of a member may be nobody to the hub."""
        try:
            return may(self.hub, "create", "", "serviceaccounts", self.namespace, READER.account, "token")
        except ApiError as error:
            if error.status not in (401, 403):
                raise
            return False

    def trusted_by(self, uid: str) -> TrustedHub:
        """What the member with this uid has to trust. Raises MemberError where no member could read the hub's keys."""
        issuer = issuer_of(self.hub)
        anybody = self.hub.acting_with(Fixed(Credential()))
        try:
            told = anybody.get(DISCOVERY)
            if urlsplit(str(told.get("jwks_uri") or "")).path == _KEYS:
                anybody.get_text(_KEYS)
        except ApiError as error:
            why = f"it shows its keys to nobody who is not known ({error.status}). Members have to read them: {_EXPOSE}"
            raise MemberError(self.hub.name, why) from error
        endpoint = self.hub.transport.endpoint
        return TrustedHub(issuer, f"{endpoint.server}{DISCOVERY}", endpoint.ca, uid, self.namespace)


def trust(member: FederatedMember, trusted: TrustedHub, file: Path | None, patience: Patience, *, tried: bool) -> bool:
    """Have the member trust the hub, and wait until it does. Whether the file was changed.

    It is `tried` with a token of the reader. For whoever gets none the member says whether it works by the file, and
    without a file nobody can tell yet. Raises NotTrusted where it does not trust within a minute, or is not to be told:
    without a file somebody else has to.
    """
    written = False
    if file is not None:
        written = _change(member.name, file, lambda config: trusting(config, trusted, own_issuers=()))
    until = time.monotonic() + (_TRUSTED_WITHIN if file is not None else 0)
    while not (_knows(member) if tried else file is None or has_read(member.declared, file)):
        if time.monotonic() >= until:
            raise NotTrusted(member.name, trusted, file)
        patience.sleep(_PAUSE)
    return written


class NotTrusted(MemberError):
    """A member's API server takes no token of the hub yet, be it that its `file` says it should."""

    def __init__(self, member: str, trusted: TrustedHub, file: Path | None) -> None:
        self.trusted = trusted
        self.file = file
        what = f"its API server does not trust `{trusted.issuer}` for tokens of audience `{trusted.audience}`"
        way = f". {_HOW}" if file is None else f", though `{file}` has said so for a minute. {_OTHER_FILE}"
        super().__init__(member, f"{what}{way}")


def trust_text(trusted: TrustedHub) -> str:
    """An AuthenticationConfiguration (YAML) that trusts the hub and nobody else."""
    return str(yaml.safe_dump(trusting(None, trusted, own_issuers=()), sort_keys=False))


def distrust(member: FederatedMember, issuer: Issuer, file: Path) -> None:
    """Take the entry out again."""
    name = issuer_of(issuer.hub)
    _change(member.name, file, lambda config: not_trusting(config, name))


def revise(file: Path, issuer: str, deny: Collection[str] = ()) -> None:
    """Have an API server read the hub's keys anew, and refuse the tokens with these ids from then on. Raises
    MemberError, which names the file.
    """
    _change("", file, lambda config: revised(config, issuer, deny=deny))


def _knows(member: FederatedMember) -> bool:
    """That there is no token is no question of trust: it is raised."""
    try:
        user_of(member.reader())
    except ApiError as error:
        if error.status != 401:
            raise
        return False
    return True


def _change(member: str, file: Path, change: Callable[[Mapping[str, Any] | None], dict[str, Any]]) -> bool:
    """Change the file as a whole, one writer at a time. Raises MemberError, which names it."""
    try:
        while True:
            with file.open() as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                if os.fstat(held.fileno()).st_ino != file.stat().st_ino:
                    continue  # another writer has replaced it while this one waited
                before = yaml.safe_load(held.read())
                after = change(before)
                if after != before:
                    _replace(file, json.dumps(after, indent=2))
                return bool(after != before)
    except OSError as error:
        raise MemberError(member, f"cannot change `{file}`: {error.strerror}") from error
    except Flawed as error:
        raise MemberError(member, f"`{file}`: {'; '.join(flaw.why for flaw in error.flaws)}") from error
    except yaml.YAMLError as error:
        raise MemberError(member, f"`{file}` is no YAML (expected an AuthenticationConfiguration)") from error


def _replace(file: Path, text: str) -> None:
    """An API server never reads half a file."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "w") as new:
        new.write(text)
    made = Path(name)
    made.chmod(file.stat().st_mode & 0o777)
    made.replace(file)
