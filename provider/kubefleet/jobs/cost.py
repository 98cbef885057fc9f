"""What an index of a job costs on a cluster, and how clean its electricity is, by the rates that the cluster has."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from kubefleet.model.accelerator import device_count
from kubefleet.model.cluster import Cluster
from kubefleet.model.nominal import nominal
from kubefleet.model.request import PodShape, Request
from kubefleet.model.shape import NodeShape
from kubefleet.scheduling.node_table import accepted

_HOUR: Final = 3_600_000
_GIB: Final = 2**30
_RATES: Final = ("cost/per-cpu-hour", "cost/per-gib-hour", "cost/per-gpu-hour")


def price_of(cluster: Cluster, request: Request, duration: int) -> Fraction | None:
    """Of one index that runs for `duration` milliseconds, in what the rates are in; None where there are none. Of what
    is not divided it is that of all pods.

    A pod pays for the share of a node that it keeps others from: that of its dominant resource. Where it could be on
    several kinds of nodes it is the mean of them.
    """
    if all(_rate(cluster, name) is None for name in _RATES):
        return None
    hourly = sum(
        (_hourly(cluster, work.pod) * (1 if request.divides else work.replicas) for work in request.workloads),
        Fraction(0),
    )
    return hourly * duration / _HOUR


def carbon_of(cluster: Cluster, duration: int) -> Fraction | None:
    """Of an index, to compare clusters by: as if its pods took 1 kW everywhere, in g. None where there is no rate."""
    rate = _rate(cluster, "carbon/g-per-kwh")
    return None if rate is None else rate * duration / _HOUR


def _hourly(cluster: Cluster, pod: PodShape) -> Fraction:
    nodes = [shape for shape in _nodes(cluster) if accepted(shape, pod) and _holds(shape, pod)]
    if not nodes:
        # Nodes that nobody knows: it pays for what it asks for.
        wanted = pod.requests
        gpus = sum(amount for name, amount in wanted.items() if "/" in name and "gpu" in name)
        return _paid(cluster, wanted.get("cpu", 0), wanted.get("memory", 0), gpus)
    total = sum((_whole(cluster, shape) * _share(shape, pod) * shape.count for shape in nodes), Fraction(0))
    return total / sum(shape.count for shape in nodes)


def _nodes(cluster: Cluster) -> Iterator[NodeShape]:
    yield from (shape for shape in cluster.shapes if shape.count)
    if not cluster.shapes:
        yield from (pool.nodes for pool in cluster.growth.pools if pool.nodes.count)


def _holds(shape: NodeShape, pod: PodShape) -> bool:
    return all(shape.allocatable.get(name, 0) >= amount for name, amount in pod.requests.items())


def _share(shape: NodeShape, pod: PodShape) -> Fraction:
    shares = (Fraction(amount, shape.allocatable[name]) for name, amount in pod.requests.items() if amount)
    return max(shares, default=Fraction(0))


def _whole(cluster: Cluster, shape: NodeShape) -> Fraction:
    return _paid(cluster, nominal(shape, "cpu") or 0, nominal(shape, "memory") or 0, device_count(shape))


def _paid(cluster: Cluster, millicores: int, memory: int, gpus: int) -> Fraction:
    amounts = (Fraction(millicores, 1000), Fraction(memory, _GIB), Fraction(gpus))
    return sum(
        ((_rate(cluster, name) or Fraction(0)) * amount for name, amount in zip(_RATES, amounts, strict=True)),
        Fraction(0),
    )


def _rate(cluster: Cluster, name: str) -> Fraction | None:
    found = cluster.properties.get(name)
    return found.value if found is not None and isinstance(found.value, Fraction) else None
