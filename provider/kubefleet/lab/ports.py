"""Free ports on the loopback address, kept for whom they were taken."""

import random
import socket

from kubefleet.lab.failure import LabError

# Below the range from which Linux takes the ports of outgoing connections: those never sit on one of these.
RANGE = range(20_000, 32_000)
ATTEMPTS = 1_000


class Ports:
    """Ports that nothing else gets while this process lives, also while the server that uses one is down.

    Each is held by a socket that is bound but never listens and lets others reuse its address: Linux lets a server that
    asks for reuse, as all of a lab do, listen there all the same, and fails a plain bind.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self, count: int) -> tuple[int, ...]:
        """`count` different ports that nothing is bound to.

        Raises:
            LabError: there are not so many.
        """
        taken: list[int] = []
        # Not seeded: two labs that start at once must not look at the same ports in the same order.
        for port in random.SystemRandom().sample(RANGE, ATTEMPTS):
            if len(taken) == count:
                break
            if self._hold(port):
                taken.append(port)
        if len(taken) < count:
            raise LabError(
                f"looking for free ports failed: {len(taken)} of {ATTEMPTS} tried from {RANGE.start} to {RANGE.stop} "
                f"are free (expected {count}). End other labs with `kubefleet lab down`."
            )
        return tuple(taken)

    def _hold(self, port: int) -> bool:
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", port))
        except OSError:
            holder.close()
            return False
        # Only now: a bind with reuse would succeed beside another lab's holder.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.append(holder)
        return True
