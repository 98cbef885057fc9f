"""Who has a client certificate at an API server of a lab."""

from dataclasses import dataclass

from kubefleet.lab.certificates import Authority, KeyPair
from kubefleet.lab.commands import LOOPBACK
from kubefleet.lab.folder import ClusterFolder
from kubefleet.lab.kubeconfig import Context, write_kubeconfig

ADMIN = "lab-admin"
"""Of the kubeconfig that people and tests use."""
SET_UP = "system:lab"
"""The lab itself, so that nodes that it makes are not taken for a user's writes."""
PROGRAMS = {
    "kube-controller-manager": "system:kube-controller-manager",
    "kube-scheduler": "system:kube-scheduler",
    "kwok": "system:kwok",
}
_ADMINS = ("system:masters",)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The certificates of one cluster."""

    authority: Authority
    server: KeyPair
    admin: KeyPair
    set_up: KeyPair


def make_credentials(name: str, folder: ClusterFolder, programs: tuple[str, ...], port: int) -> Credentials:
    """Make the authority of the cluster `name` and all certificates, and a kubeconfig for each of `programs`.

    Those use `port`, the API server's own: what is done to the proxy in front does not reach them.
    """
    authority = Authority(name, folder.pki)
    for program in programs:
        user = PROGRAMS[program]
        pair = authority.issue(program, user, _ADMINS)
        context = Context(name, f"https://{LOOPBACK}:{port}", authority.path, user, pair)
        write_kubeconfig(folder.kubeconfig(program), [context])
    return Credentials(
        authority,
        issue_server_certificate(authority, name),
        authority.issue(ADMIN, ADMIN, _ADMINS),
        authority.issue("set-up", SET_UP, _ADMINS),
    )


def issue_server_certificate(authority: Authority, name: str, *, expired: bool = False) -> KeyPair:
    """What the API server of the cluster `name` presents; it reads the files anew when they change."""
    hosts = (LOOPBACK, "localhost", f"{name}.fleet.test", "kubernetes", "kubernetes.default.svc")
    return authority.issue("server", "kube-apiserver", hosts=hosts, expired=expired)
