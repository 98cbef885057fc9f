"""Takes one snapshot of one member and prints what it saw and cost, as JSON: the process that is measured.

python tests/bench/take_snapshot.py KUBECONFIG CONTEXT
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from kubefleet.kube import take_snapshot
from kubefleet.model.access import Kubeconfig
from kubefleet.model.member import Member


def peak_mib() -> float:
    """The most memory that this program held. Not getrusage: that counts the parent's before the exec too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main() -> None:
    path, context = sys.argv[1:]
    began = time.monotonic()
    snapshot, _ = take_snapshot([Member(context, Kubeconfig(context, path))], taken_at=datetime.now(UTC), deadline=60)
    seconds = time.monotonic() - began
    (cluster,) = snapshot.clusters
    taken = sum(
        (shape.allocatable.get("pods", 0) - free.get("pods", 0)) * nodes
        for shape in cluster.shapes
        for free, nodes in shape.free
    )
    seen = {"state": cluster.state, "why": cluster.why, "nodes": sum(shape.count for shape in cluster.shapes)}
    sys.stdout.write(json.dumps({**seen, "pods": taken, "seconds": seconds, "peak": peak_mib()}) + "\n")


if __name__ == "__main__":
    main()
