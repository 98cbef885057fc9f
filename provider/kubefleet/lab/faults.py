"""What can be done to a cluster of a running lab, by verb."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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
    EXPIRE = "expire"
    READ_ONLY = "read-only"
    REFUSE = "refuse"
    EXHAUST = "exhaust"
    NOT_READY = "not-ready"
    UNSCHEDULABLE = "unschedulable"
    SKEW = "skew"
    HEAL = "heal"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a fault, and where: `milliseconds` counts for `delay`, `nodes` for `not-ready`, `namespace` for
    `exhaust`, `seconds` for `skew`.
    """

    milliseconds: int = 1000
    nodes: int = 1
    namespace: str = "default"
    seconds: int = 600


AS_USUAL = Extent()


async def inflict(fault: Fault, cluster: RunningCluster, extent: Extent) -> None:
    """Do it; returns when it is in effect.

    Raises:
        LabError: it cannot be done now: the API server does not run and so cannot hang, what it needs is not there,
            or it had no effect.
    """
    await _INFLICT[fault](cluster, extent)


def in_effect(cluster: RunningCluster) -> tuple[str, ...]:
    """What is being done to a cluster now, in words."""
    server = {ProcessState.HUNG: ("hung",), ProcessState.ENDED: ("API server down",), ProcessState.RUNNING: ()}
    front = cluster.front
    way = {Way.OPEN: (), Way.CUT: ("cut",), Way.BLACKHOLE: ("blackhole",)}[front.way]
    late = (f"delay {front.delay_milliseconds} ms",) if front.delay_milliseconds else ()
    others = (process for process in cluster.processes if process is not cluster.api_server)
    down = (f"{process.name} down" for process in others if process.state is ProcessState.ENDED)
    return (*server[cluster.api_server.state], *way, *late, *cluster.troubles.in_effect, *down)


async def _hang(cluster: RunningCluster, _: Extent) -> None:
    _expect_running(cluster, Fault.HANG)
    cluster.api_server.hang()


async def _continue(cluster: RunningCluster, _: Extent) -> None:
    _expect_running(cluster, Fault.CONTINUE)
    cluster.api_server.resume()


def _expect_running(cluster: RunningCluster, fault: Fault) -> None:
    if cluster.api_server.state is ProcessState.ENDED:
        raise LabError(
            f"`{fault}` failed: the API server of `{cluster.spec.name}` is down (expected it to run). "
            f"Start it with the fault `{Fault.RESTART}`."
        )


async def _kill(cluster: RunningCluster, _: Extent) -> None:
    cluster.kill_api_server()


async def _restart(cluster: RunningCluster, _: Extent) -> None:
    cluster.kill_api_server()
    await cluster.start_api_server()


async def _delay(cluster: RunningCluster, extent: Extent) -> None:
    cluster.front.delay(extent.milliseconds)


async def _cut(cluster: RunningCluster, _: Extent) -> None:
    cluster.front.cut()


async def _blackhole(cluster: RunningCluster, _: Extent) -> None:
    cluster.front.blackhole()


async def _expire(cluster: RunningCluster, _: Extent) -> None:
    await cluster.troubles.expire_certificate()


async def _read_only(cluster: RunningCluster, _: Extent) -> None:
    await cluster.troubles.make_read_only()


async def _refuse(cluster: RunningCluster, _: Extent) -> None:
    await cluster.troubles.refuse_workloads()


async def _exhaust(cluster: RunningCluster, extent: Extent) -> None:
    await cluster.troubles.exhaust_quota(extent.namespace)


async def _not_ready(cluster: RunningCluster, extent: Extent) -> None:
    await cluster.troubles.make_not_ready(extent.nodes)


async def _unschedulable(cluster: RunningCluster, _: Extent) -> None:
    await cluster.troubles.make_unschedulable()


async def _skew(cluster: RunningCluster, extent: Extent) -> None:
    await cluster.troubles.attempt(lambda: cluster.skew_token(extent.seconds))


async def _heal(cluster: RunningCluster, _: Extent) -> None:
    cluster.front.heal()
    await cluster.troubles.heal()


_INFLICT: dict[Fault, Callable[[RunningCluster, Extent], Awaitable[None]]] = {
    Fault.HANG: _hang,
    Fault.CONTINUE: _continue,
    Fault.KILL: _kill,
    Fault.RESTART: _restart,
    Fault.DELAY: _delay,
    Fault.CUT: _cut,
    Fault.BLACKHOLE: _blackhole,
    Fault.EXPIRE: _expire,
    Fault.READ_ONLY: _read_only,
    Fault.REFUSE: _refuse,
    Fault.EXHAUST: _exhaust,
    Fault.NOT_READY: _not_ready,
    Fault.UNSCHEDULABLE: _unschedulable,
    Fault.SKEW: _skew,
    Fault.HEAL: _heal,
}
