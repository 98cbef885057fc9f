"""TLS as client-go does it: always verified, client certificates that never lie in a readable file."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubefleet.kube.patience import PatientSocket


def make_tls(ca: str, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """A context that trusts `ca` (PEM; the system's authorities when empty) and shows the client certificate, if any.

    Raises ValueError for PEM that does not parse, naming the part and never showing it.
    """
    try:
        context = ssl.create_default_context(cadata=ca or None)
    except ssl.SSLError as error:
        raise ValueError("bad certificate authority (expected PEM certificates)") from error
    context.sslsocket_class = PatientSocket
    # Go trusts any certificate of the bundle, an intermediate one too, and does not insist on RFC 5280's key usages,
    # which the authorities of several Kubernetes distributions lack; Python 3.13 does.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
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
