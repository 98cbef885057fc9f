"""A folder that only this user can read, for what a command leaves outside of Pulumi's state."""

import os
import stat
import tempfile
from pathlib import Path


def private_folder() -> Path:
    """`KUBEFLEET_LOGS`, or one in the session's runtime folder; made when it is missing.

    One that cannot be made (the runtime folder of a session that has ended), or that somebody else has put in our place
    where everybody may write, is not used: then it is a new temporary one.
    """
    named, runtime = os.environ.get("KUBEFLEET_LOGS"), os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(named) if named else Path(runtime or tempfile.gettempdir()) / f"pulumi-kubefleet-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=bool(named), exist_ok=True)
        found = folder.lstat()
    except OSError:
        return _new()
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if named or private else _new()


def _new() -> Path:
    return Path(tempfile.mkdtemp(prefix="pulumi-kubefleet-"))
