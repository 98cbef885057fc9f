"""A folder that only this user can read, for what a command leaves outside of Pulumi's state."""

import os
import stat
import tempfile
from pathlib import Path


def private_folder() -> Path:
    """`KUBEFLEET_LOGS`, or one in the session's runtime folder; made when it is missing.

    In a temporary folder that everybody may write to, one that somebody else has put in our place is not used.
    """
    if named := os.environ.get("KUBEFLEET_LOGS"):
        folder = Path(named)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"pulumi-kubefleet-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        return Path(tempfile.mkdtemp(prefix="pulumi-kubefleet-"))
    return folder
