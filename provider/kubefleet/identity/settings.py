"""What a program says of the identities under which its fleet acts."""

from dataclasses import dataclass, field
from enum import StrEnum

from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.needs import HOME
from kubefleet.model.access import Access

LIFE = 900
"""Seconds that a token lives unless the program says otherwise."""


class OnDenied(StrEnum):
    """What becomes of a placement at a member that lets it have no rights. `FAIL`: it fails, in the preview already.
    `SKIP_CLUSTER`: it goes on at its other clusters, and that one is pending as a silent one is.
    """

    FAIL = "fail"
    SKIP_CLUSTER = "skip_cluster"


@dataclass(frozen=True, slots=True)
class EntraApp:
    """An application of Entra. `scope` is that of the clusters' server application, `object_id` the id of the service
    principal by which members know it, `authority` a national cloud's host of Entra; empty: the public one's, or what
    `AZURE_AUTHORITY_HOST` says.
    """

    tenant_id: str
    client_id: str
    object_id: str = ""
    scope: str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
    authority: str = ""


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """`mode` is where members' trust comes from, `ceiling` what placements may have at most, `seconds` how long a
    token lives. `namespace` is where the accounts are: on the `hub` where the mode needs one, else on each member.
    `legacy_impersonation` lets agents impersonate as Kubernetes had it before KEP-5284, where members know no better.
    """

    mode: str
    ceiling: Ceiling = field(default_factory=lambda: Ceiling(()))
    seconds: int = LIFE
    hub: Access | None = None
    namespace: str = HOME
    entra: EntraApp | None = None
    # Nobody is somebody else by it: connections are kept by these settings.
    on_denied: OnDenied = field(default=OnDenied.FAIL, compare=False)
    legacy_impersonation: bool = False
