"""The fields that say where a cluster is (`Cluster` of `clientcmd/v1`): in kubeconfigs, and in ClusterProfiles.

Errors (ValueError) name fields, never values: beside them stand keys.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubefleet.kube.endpoint import Endpoint, make_endpoint


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its fields, and the folder that its relative paths start from; None where it may name no file."""

    what: str
    fields: Mapping[str, Any] = field(repr=False)
    folder: Path | None

    def text(self, key: str) -> str:
        """A field that is text, empty where it is absent. Raises ValueError."""
        value = self.fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValueError(f"bad `{key}` of {self.what} (expected text)")
        return value

    def path(self, key: str) -> Path | None:
        """A file that it names. Raises ValueError where it may not."""
        text = self.text(key)
        if text and self.folder is None:
            raise ValueError(f"`{key}` of {self.what} names a file (expected `{key}-data`)")
        return self.folder / text if text and self.folder is not None else None

    def pem(self, key: str) -> str:
        """`<key>-data`, decoded, or else the content of the file `<key>`. Raises ValueError."""
        if data := self.text(f"{key}-data"):
            try:
                return base64.b64decode("".join(data.split()), validate=True).decode()
            except ValueError:
                raise ValueError(f"bad `{key}-data` of {self.what} (expected base64 of PEM)") from None
        path = self.path(key)
        if path is None:
            return ""
        try:
            return path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot read `{key}` of {self.what}: `{path}`") from error


def endpoint_of(cluster: Entry) -> Endpoint:
    """Where the server is. Raises ValueError; TLS that is not verified is refused."""
    if cluster.fields.get("insecure-skip-tls-verify"):
        raise ValueError(
            f"{cluster.what} has `insecure-skip-tls-verify`, which is refused. "
            "Replace it by `certificate-authority-data` with the cluster's CA (and `tls-server-name` if names differ)"
        )
    return make_endpoint(
        cluster.text("server"),
        ca=cluster.pem("certificate-authority"),
        server_name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url"),
        compress=not cluster.fields.get("disable-compression"),
    )


def told_of(cluster: Entry) -> dict[str, Any]:
    """What a plugin with `provideClusterInfo` learns: the server, its CA, and the extension meant for it."""
    told: dict[str, Any] = {
        key: cluster.fields[key] for key in ("server", "tls-server-name", "proxy-url") if cluster.fields.get(key)
    }
    if ca := cluster.pem("certificate-authority"):
        told["certificate-authority-data"] = base64.b64encode(ca.encode()).decode()
    for extension in cluster.fields.get("extensions") or ():
        if isinstance(extension, dict) and extension.get("name") == "client.authentication.k8s.io/exec":
            told["config"] = extension.get("extension")
    return told
