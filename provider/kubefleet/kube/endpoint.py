"""Where a member's API server is and who it must prove to be."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`server` without a slash at its end, maybe with a path; `ca` in PEM, empty for the system's authorities."""

    server: str
    ca: str = field(default="", repr=False)
    server_name: str = ""
    proxy: str = ""
    compress: bool = True

    @property
    def encrypted(self) -> bool:
        """Whether TLS protects it."""
        return urlsplit(self.server).scheme == "https"

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        host = urlsplit(self.server).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def make_endpoint(
    server: str, *, ca: str = "", server_name: str = "", proxy: str = "", compress: bool = True
) -> Endpoint:
    """An endpoint, checked: https, or http on this machine only (`kubectl proxy`). Raises ValueError."""
    parts = urlsplit(server)
    endpoint = Endpoint(server.rstrip("/"), ca, server_name, proxy, compress)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError(f"bad server `{server}` (expected https://HOST[:PORT])")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"bad server of host `{parts.hostname}` (expected no user, query or fragment in the address)")
    if parts.scheme == "http" and not endpoint.local:
        raise ValueError(f"server `{server}` is not encrypted (expected https). Give its https address")
    return endpoint
