"""The process that owns a lab: every program is its child and dies with it.

Started by `Lab`, never by hand. The first line of its standard input is the order that says what to run. A lab that is
tied to its caller ends with the end of that input, that is with the caller, however that one ends.
"""

import asyncio
import dataclasses
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from kubefleet.lab.cluster import RunningCluster
from kubefleet.lab.control import Order, listen
from kubefleet.lab.etcd import Etcd
from kubefleet.lab.failure import LabError
from kubefleet.lab.faults import Extent, Fault, in_effect, inflict
from kubefleet.lab.folder import LabFolder, write_private
from kubefleet.lab.kubeconfig import write_kubeconfig
from kubefleet.lab.lock import Lock
from kubefleet.lab.ports import Ports
from kubefleet.lab.spec import LabSpec
from kubefleet.lab.status import ClusterStatus, LabPhase, LabStatus, ProcessStatus

ALREADY_RUNS = 3
WATCH_SECONDS = 0.5


class Supervisor:
    """One lab from its start to its end."""

    def __init__(self, name: str, spec: LabSpec, folder: LabFolder, programs: dict[str, Path]) -> None:
        self._name, self._folder = name, folder
        self._phase = LabPhase.STARTING
        self._ready: set[str] = set()
        self._ending = asyncio.Event()
        # They are held as long as this is there.
        self._ports = ports = Ports()
        self._shared = Etcd(folder.etcd, programs["etcd"], ports) if spec.etcd == "shared" else None
        self._clusters = {
            cluster.name: RunningCluster(cluster, folder.cluster(cluster.name), programs, ports, self._shared)
            for cluster in spec.clusters
        }

    async def run(self, *, tied: bool) -> None:
        """Start everything, then serve until the lab is to end; nothing runs any more after that.

        Raises:
            LabError: it did not start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._ending.set)
        if tied:
            loop.add_reader(sys.stdin.fileno(), self._ending.set)
        watching = loop.create_task(self._watch(os.getppid() if tied else None))
        try:
            async with listen(self._folder.socket, self._handle):
                starting = loop.create_task(self._start())
                ending = loop.create_task(self._ending.wait())
                await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    starting.result()
                    await ending
                starting.cancel()
        finally:
            self._phase = LabPhase.STOPPING
            watching.cancel()
            for cluster in self._clusters.values():
                cluster.stop()
            if self._shared is not None:
                self._shared.process.kill()

    async def _start(self) -> None:
        if self._shared is not None:
            self._shared.process.start()
        # An API server that starts keeps a core busy: more at once would only all be late.
        turn = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        async with asyncio.TaskGroup() as group:
            for cluster in self._clusters.values():
                group.create_task(self._start_cluster(cluster, turn))
        write_kubeconfig(self._folder.kubeconfig, [cluster.context for cluster in self._clusters.values()])
        self._phase = LabPhase.READY

    async def _start_cluster(self, cluster: RunningCluster, turn: asyncio.Semaphore) -> None:
        await cluster.start(turn)
        self._ready.add(cluster.spec.name)

    async def _watch(self, caller: int | None) -> None:
        """End the lab when its folder is removed, or its caller is gone and somebody else holds its input open."""
        while caller in (None, os.getppid()) and self._folder.path.exists():
            await asyncio.sleep(WATCH_SECONDS)
        self._ending.set()

    async def _handle(self, order: Order) -> Any:
        match order["do"]:
            case "status":
                return dataclasses.asdict(self._status())
            case "down":
                self._ending.set()
            case "fault":
                if (cluster := self._clusters.get(order["cluster"])) is None:
                    raise LabError(
                        f"no cluster of the lab `{self._name}` is called `{order['cluster']}` "
                        f"(expected one of {', '.join(self._clusters)})."
                    )
                await inflict(Fault(order["verb"]), cluster, Extent(**order["extent"]))
        return None

    def _status(self) -> LabStatus:
        folder = self._folder
        clusters = tuple(
            ClusterStatus(
                name=name,
                role=cluster.spec.role,
                server=cluster.server,
                ready=name in self._ready,
                labels=dict(cluster.spec.labels),
                nodes=sum(nodes.count for nodes in cluster.spec.nodes),
                faults=in_effect(cluster) if name in self._ready else (),
                processes=tuple(
                    ProcessStatus(process.name, process.pid, process.state) for process in cluster.processes
                ),
            )
            for name, cluster in self._clusters.items()
        )
        return LabStatus(self._name, str(folder.path), self._phase, os.getpid(), str(folder.kubeconfig), clusters)


def main() -> int:
    """Run the lab of the order on standard input; the exit code."""
    # Unbuffered: what comes after the order, the end of the input, is awaited elsewhere.
    with os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as orders:
        order = json.loads(orders.readline())
    folder = LabFolder(Path(order["folder"]))
    lock = Lock(folder.lock)
    if not lock.take():
        return ALREADY_RUNS
    folder.clear()
    programs = {name: Path(path) for name, path in order["programs"].items()}
    spec = LabSpec.model_validate(order["spec"], by_name=True)

    async def run() -> None:
        # Made here because an asyncio.Event belongs to the running loop.
        await Supervisor(order["name"], spec, folder, programs).run(tied=order["tied"])

    failed = False
    try:
        asyncio.run(run())
    except* LabError as errors:
        write_private(folder.error, str(errors.exceptions[0]))
        failed = True
    if failed:
        return 1
    # The lock goes last: who takes it finds nothing of this lab.
    folder.clear()
    lock.give_up()
    return 0


if __name__ == "__main__":
    sys.exit(main())
