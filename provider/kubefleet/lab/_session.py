"""Ending everything that a process started, also what has put itself into another process group."""

import os
import signal
import subprocess
import time
from pathlib import Path

ROUNDS = 20
ROUND_SECONDS = 0.05


def session_members(leader: int) -> tuple[int, ...]:
    """The living processes of the session that `leader` made, in order of their ids; zombies are left out."""
    return tuple(pid for pid in _all_processes() if _is_member(pid, leader))


def end_session(leader: int) -> None:
    """Kill the session's processes until none is left; a process that forks meanwhile is met in the next round."""
    for _ in range(ROUNDS):
        members = session_members(leader)
        if not members:
            return
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it ended by itself
        time.sleep(ROUND_SECONDS)


def _all_processes() -> list[int]:
    folder = Path("/proc")
    if (folder / "self").exists():
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdigit())
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True)
    return sorted(int(word) for word in listed.stdout.split())


def _is_member(pid: int, leader: int) -> bool:
    try:
        if os.getsid(pid) != leader:
            return False
    except (ProcessLookupError, PermissionError):
        return False  # it ended, or is another user's
    try:
        # The state is the first word after the command, which stands in parentheses and may hold any of them.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()
