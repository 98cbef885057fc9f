"""The command lines of a lab's programs."""

from dataclasses import dataclass
from pathlib import Path

from kubefleet.lab.certificates import KeyPair

LOOPBACK = "127.0.0.1"
AUDIT_POLICY = Path(__file__).with_name("audit-policy.yaml")


@dataclass(frozen=True, slots=True)
class EtcdAddress:
    """An etcd, and how a client is let in."""

    port: int
    authority: Path
    client: KeyPair
    prefix: str = "/registry"


def etcd(data: Path, port: int, peer_port: int, authority: Path, server: KeyPair) -> list[str]:
    """One etcd without peers, which does not wait for the disk: a lab's data may be lost with the machine."""
    peer = f"https://{LOOPBACK}:{peer_port}"
    client = f"https://{LOOPBACK}:{port}"
    tls = [f"--{kind}{name}={path}" for kind in ("", "peer-") for name, path in _tls(authority, server)]
    return [
        "--name=lab",
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=lab={peer}",
        "--client-cert-auth",
        "--peer-client-cert-auth",
        *tls,
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _tls(authority: Path, server: KeyPair) -> list[tuple[str, Path]]:
    return [("trusted-ca-file", authority), ("cert-file", server.certificate), ("key-file", server.key)]


@dataclass(frozen=True, slots=True)
class ApiServerFiles:
    """What an API server reads and writes."""

    authority: Path
    server: KeyPair
    service_accounts: KeyPair
    authentication: Path
    audit_log: Path


def api_server(
    name: str, port: int, public_url: str, etcd: EtcdAddress, files: ApiServerFiles, disabled: str
) -> list[str]:
    """An API server with an issuer of its own, `https://<name>.fleet.test`, whose keys it serves at `public_url`.

    `disabled` names admission plugins, with commas between them.
    """
    return [
        f"--etcd-servers=https://{LOOPBACK}:{etcd.port}",
        f"--etcd-prefix={etcd.prefix}",
        f"--etcd-cafile={etcd.authority}",
        f"--etcd-certfile={etcd.client.certificate}",
        f"--etcd-keyfile={etcd.client.key}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={port}",
        f"--advertise-address={LOOPBACK}",
        # The addresses of the Service `kubernetes` may not be loopback ones.
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--client-ca-file={files.authority}",
        f"--tls-cert-file={files.server.certificate}",
        f"--tls-private-key-file={files.server.key}",
        f"--service-account-issuer=https://{name}.fleet.test",
        f"--service-account-jwks-uri={public_url}/openid/v1/jwks",
        f"--service-account-key-file={files.service_accounts.certificate}",
        f"--service-account-signing-key-file={files.service_accounts.key}",
        "--authorization-mode=Node,RBAC",
        # As kubeadm has it: what is refused is refused by policies.
        "--allow-privileged=true",
        f"--authentication-config={files.authentication}",
        f"--audit-policy-file={AUDIT_POLICY}",
        f"--audit-log-path={files.audit_log}",
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=4096",
        *([f"--disable-admission-plugins={disabled}"] if disabled else []),
        "--profiling=false",
    ]


def controller_manager(kubeconfig: Path, authority: Path, service_accounts: KeyPair) -> list[str]:
    """All controllers. The one of node lifecycle is among them: only it lifts the taint that new nodes get."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--root-ca-file={authority}",
        f"--service-account-private-key-file={service_accounts.key}",
        "--controllers=*,-node-ipam-controller",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def scheduler(kubeconfig: Path) -> list[str]:
    """The scheduler with its default profile."""
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=400",
        "--kube-api-burst=800",
        "--profiling=false",
    ]


def kwok(kubeconfig: Path, stages: Path) -> list[str]:
    """Plays all nodes and what runs on them."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--config={stages}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        f"--node-ip={LOOPBACK}",
        "--cidr=10.244.0.0/16",
    ]
