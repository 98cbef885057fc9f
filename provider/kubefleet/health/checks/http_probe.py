"""An HTTP request to pods, through the API server's proxy: clusters need no address that can be reached from here."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kubefleet.health.reading import part
from kubefleet.health.status import Health, available, progressing

SERVICE: Final = "Service"
POD: Final = "Pod"
WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")
PROBED: Final = (SERVICE, POD, *WORKLOADS)
"""Kinds that can be asked: of a workload each of its pods is."""


def _by_nobody(_probe: "HttpProbe", _live: Mapping[str, Any], /) -> Health:
    return progressing("is asked only where its cluster can be")


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Available where a GET of `path` is answered with a status from 200 to 399, as the kubelet's probes have it, and a
    body that contains `contains`.

    `port` is a number or a name, empty for the only one of the object. `send` asks a live object: one for each cluster.
    """

    path: str
    port: str = ""
    scheme: str = "http"
    contains: str = ""
    send: Callable[["HttpProbe", Mapping[str, Any]], Health] = field(default=_by_nobody, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.scheme} {f':{self.port}' if self.port else ''}{self.path}"

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """What cannot be asked is Progressing, with why."""
        return self.send(self, live)

    def address(self, live: Mapping[str, Any]) -> str | None:
        """Of a live Service or Pod the path in the API server's proxy, without query; None where no port is known."""
        metadata, of_service = part(live, "metadata"), live.get("kind") == SERVICE
        port = self._of_service(live) if of_service else self._of_pod(live)
        if port is None:
            return None
        name = ":".join((*(["https"] if self.scheme == "https" else ()), str(metadata.get("name")), port))
        where = f"/api/v1/namespaces/{metadata.get('namespace')}/{'services' if of_service else 'pods'}/{name}/proxy"
        return where + self.path.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands behind the path."""
        return self.path.partition("?")[2]

    def judge(self, who: str, status: int, body: bytes) -> Health:
        """What an answer of `who` means. Its body is never shown, unless it is the API server's own: why it asked
        nobody.
        """
        told = f"{who}: {self}"
        if not 200 <= status <= 399:
            if why := _refusal(body):
                return progressing(f"{told}: {why}")
            return progressing(f"{told} answered {status} (expected a status from 200 to 399)")
        if self.contains.encode() not in body:
            return progressing(f"{told} answered without `{self.contains}`")
        return available(f"{told} answered {status}")

    def _of_service(self, live: Mapping[str, Any]) -> str | None:
        """The API server knows a service's ports by number and by name."""
        ports = part(live, "spec").get("ports") or []
        return self.port or (str(ports[0].get("port")) if len(ports) == 1 else None)

    def _of_pod(self, live: Mapping[str, Any]) -> str | None:
        """Of a pod it knows numbers only."""
        if self.port.isdecimal():
            return self.port
        containers = part(live, "spec").get("containers") or ()
        ports = [port for container in containers for port in container.get("ports") or ()]
        named = [port for port in ports if not self.port or port.get("name") == self.port]
        return str(named[0].get("containerPort")) if len(named) == 1 else None


def _refusal(body: bytes) -> str:
    """The message of Kubernetes' Status; empty where the answer is something else: that of what was asked."""
    try:
        status = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(status, dict) or (status.get("kind"), status.get("apiVersion")) != ("Status", "v1"):
        return ""
    return " ".join(str(status.get("message") or status.get("reason") or "refused").split())
