"""What can be done to a cluster of a running lab, by verb."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from kubefleet.lab.cluster import RunningCluster
from kubefleet.lab.failure import LabError
from kubefleet.lab.front import Way
from kubefleet.lab.process import ProcessState


class Fault(StrEnum):
    """The verbs. Each has its contract in the method of `Lab` of the same name."""

    HANG = "hang"
    CONTINUE = "continue"
    KILL = "kill"
    RESTART = "restart"
    DELAY = "delay"
    CUT = "cut"
    BLACKHOLE = "blackhole"
    HEAL = "heal"


async def inflict(fault: Fault, cluster: RunningCluster, milliseconds: int) -> None:
    """Do it; returns when it is in effect. `milliseconds` counts for `delay` only.

    Raises:
        LabError: the API server does not run and so cannot hang or go on, or was restarted and did not become ready.
    """
    await _INFLICT[fault](cluster, milliseconds)


def in_effect(cluster: RunningCluster) -> tuple[str, ...]:
    """What is being done to a cluster now, in words."""
    server = {ProcessState.HUNG: ("hung",), ProcessState.ENDED: ("API server down",), ProcessState.RUNNING: ()}
    front = cluster.front
    way = {Way.OPEN: (), Way.CUT: ("cut",), Way.BLACKHOLE: ("blackhole",)}[front.way]
    late = (f"delay {front.delay_milliseconds} ms",) if front.delay_milliseconds else ()
    others = (process for process in cluster.processes if process is not cluster.api_server)
    down = (f"{process.name} down" for process in others if process.state is ProcessState.ENDED)
    return (*server[cluster.api_server.state], *way, *late, *down)


async def _hang(cluster: RunningCluster, _: int) -> None:
    _expect_running(cluster, Fault.HANG)
    cluster.api_server.hang()


async def _continue(cluster: RunningCluster, _: int) -> None:
    _expect_running(cluster, Fault.CONTINUE)
    cluster.api_server.resume()


def _expect_running(cluster: RunningCluster, fault: Fault) -> None:
    if cluster.api_server.state is ProcessState.ENDED:
        raise LabError(
            f"`{fault}` failed: the API server of `{cluster.spec.name}` is down (expected it to run). "
            f"Start it with the fault `{Fault.RESTART}`."
        )


async def _kill(cluster: RunningCluster, _: int) -> None:
    cluster.kill_api_server()


async def _restart(cluster: RunningCluster, _: int) -> None:
    cluster.kill_api_server()
    await cluster.start_api_server()


async def _delay(cluster: RunningCluster, milliseconds: int) -> None:
    cluster.front.delay(milliseconds)


async def _cut(cluster: RunningCluster, _: int) -> None:
    cluster.front.cut()


async def _blackhole(cluster: RunningCluster, _: int) -> None:
    cluster.front.blackhole()


async def _heal(cluster: RunningCluster, _: int) -> None:
    cluster.front.heal()


_INFLICT: dict[Fault, Callable[[RunningCluster, int], Awaitable[None]]] = {
    Fault.HANG: _hang,
    Fault.CONTINUE: _continue,
    Fault.KILL: _kill,
    Fault.RESTART: _restart,
    Fault.DELAY: _delay,
    Fault.CUT: _cut,
    Fault.BLACKHOLE: _blackhole,
    Fault.HEAL: _heal,
}
