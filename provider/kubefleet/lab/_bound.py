"""Start a program that dies with its parent: `_bound.py PARENT PROGRAM ARGUMENT ...`.

Run as a script of its own, before the program takes its place by exec. The kernel is told to kill the process when its
parent ends, however that ends (`man 2 prctl`, PR_SET_PDEATHSIG: precisely, when the parent's thread that started it
ends); exec keeps that setting. Doing this between fork and exec of the parent is what `preexec_fn` is warned about.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, program: str, arguments: list[str]) -> int:  # noqa: RET503
    """Become `program`; returns only when that fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.stderr.write(f"prctl failed: {os.strerror(ctypes.get_errno())}\n")
        return 1
    if os.getppid() != parent:
        return 1  # it ended before the kernel was told
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
