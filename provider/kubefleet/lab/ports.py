"""Free ports on the loopback address."""

import random
import socket

# Below the range from which Linux takes the ports of outgoing connections: a server that restarts finds its own free.
RANGE = range(20_000, 32_000)
ATTEMPTS = 1_000
_given: set[int] = set()
"""What this process has chosen before: its server may not listen yet."""


def free_ports(count: int) -> tuple[int, ...]:
    """`count` different ports that nothing listens on now.

    Raises:
        OSError: none could be found.
    """
    chosen: list[int] = []
    # Not seeded: two labs that start at once must not look at the same ports in the same order.
    for port in random.SystemRandom().sample(RANGE, ATTEMPTS):
        if len(chosen) == count:
            break
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        chosen.append(port)
    if len(chosen) < count:
        raise OSError(f"found {len(chosen)} free ports from {RANGE.start} to {RANGE.stop} (expected {count})")
    _given.update(chosen)
    return tuple(chosen)
