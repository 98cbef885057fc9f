"""What an API server says of its AuthenticationConfiguration, for an admin who can get no token to try it with."""

import hashlib
from pathlib import Path
from typing import Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import MemberError

_LAST: Final = "apiserver_authentication_config_controller_last_config_info{"


def has_read(admin: Connection, file: Path) -> bool:
    """Whether the server works by what stands in `file` now: its metrics have the digest of what it has read last. True
    also of a server that does not say so, as older ones do. Raises as `Connection` does, and MemberError that names the
    file where that cannot be read.
    """
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise MemberError(admin.name, f"cannot read `{file}`: {error.strerror}") from error
    said = [line for line in admin.get_text("/metrics").splitlines() if line.startswith(_LAST)]
    return not said or any(f'hash="sha256:{digest}"' in line for line in said)
