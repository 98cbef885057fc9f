"""The etcd behind one cluster, or behind all of a lab."""

from pathlib import Path

from kubefleet.lab import commands
from kubefleet.lab.api import Api
from kubefleet.lab.certificates import Authority
from kubefleet.lab.commands import LOOPBACK, EtcdAddress
from kubefleet.lab.folder import ClusterFolder
from kubefleet.lab.ports import Ports
from kubefleet.lab.process import Process


class Etcd:
    """An etcd with an authority of its own, so that nobody who may talk to an API server may talk to it."""

    def __init__(self, folder: ClusterFolder, program: Path, ports: Ports) -> None:
        folder.make()
        authority = Authority("etcd", folder.pki / "etcd")
        server = authority.issue("server", "etcd", hosts=(LOOPBACK, "localhost"))
        self._authority, self._client = authority.path, authority.issue("client", "kube-apiserver")
        self._port, peer_port = ports.take(2)
        arguments = commands.etcd(folder.etcd_data, self._port, peer_port, authority.path, server)
        self.process = Process("etcd", program, arguments, folder.logs / "etcd.log")

    def address(self, prefix: str) -> EtcdAddress:
        """How an API server reaches it, keeping all its data under `prefix`."""
        return EtcdAddress(self._port, self._authority, self._client, prefix)

    def raise_alarm(self, *, on: bool) -> None:
        """Raise the alarm for want of space, or take it back. While it is on, etcd refuses whatever writes.

        Raises:
            urllib3.exceptions.HTTPError: it does not answer.
            ApiError: it refuses.
        """
        api = Api(f"https://{LOOPBACK}:{self._port}", self._authority, self._client)
        try:
            member = api.create("/v3/maintenance/status", {})["header"]["member_id"]
            action = "ACTIVATE" if on else "DEACTIVATE"
            api.create("/v3/maintenance/alarm", {"action": action, "memberID": member, "alarm": "NOSPACE"})
        finally:
            api.close()
