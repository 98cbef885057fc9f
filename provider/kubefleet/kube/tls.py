"""TLS as client-go does it: always verified, client certificates that never lie in a readable file."""

import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kubefleet.kube.patience import PatientSocket

_ALPN: Final = ("http/1.1",)


class SharedContext(ssl.SSLContext):
    """A client's context that threads may share: what the handshakes read of it is set once, before the first.

    urllib3 sets ALPN anew at each connection, which frees the bytes that another thread's handshake is copying: Python
    releases its lock there. The server then reads garbage and answers with the alert `decode error`.
    """

    def __new__(cls) -> "SharedContext":
        """With Python's defaults for a client: certificate and host name are verified."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        ssl.SSLContext.set_alpn_protocols(made, _ALPN)
        return made

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Nothing: they are set. Raises ValueError for others than HTTP/1.1, the only one that is spoken here."""
        if tuple(alpn_protocols) != _ALPN:
            raise ValueError(f"bad ALPN protocols (expected {', '.join(_ALPN)})")


def make_tls(ca: str, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """A context that trusts `ca` (PEM; the system's authorities when empty) and shows the client certificate, if any.

    Raises ValueError for PEM that does not parse, naming the part and never showing it.
    """
    context = SharedContext()
    try:
        if ca:
            context.load_verify_locations(cadata=ca)
        else:
            context.load_default_certs()
    except ssl.SSLError as error:
        raise ValueError("bad certificate authority (expected PEM certificates)") from error
    context.sslsocket_class = PatientSocket
    # Go trusts any certificate of the bundle, an intermediate one too. VERIFY_X509_STRICT stays off: the authorities of
    # several Kubernetes distributions lack RFC 5280's key usages, on which Go does not insist.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if certificate or key:
        try:
            with _as_file(f"{key}\n{certificate}\n") as path:
                # An empty password, or OpenSSL asks for one on the terminal.
                context.load_cert_chain(path, password="")
        except (ssl.SSLError, OSError) as error:
            raise ValueError("bad client certificate or key (expected a PEM pair, the key not encrypted)") from error
    return context


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """A path that holds `text` for as long as the block runs: in memory on Linux, else a file of mode 0600."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    descriptor, name = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        yield name
    finally:
        Path(name).unlink()
