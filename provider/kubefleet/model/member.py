"""A member cluster as the program declares it."""

from dataclasses import dataclass, field
from enum import StrEnum

from immutabledict import immutabledict

from kubefleet.model.access import Access
from kubefleet.model.node_pool import NodePool
from kubefleet.model.property import Property
from kubefleet.model.taint import Taint


class Leave(StrEnum):
    """What becomes of a member's workloads when it leaves the fleet."""

    CLEAN_UP = "clean_up"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Member:
    """One declared member. `leaving` is True when it stands in the old inputs but not in the new ones;
    `accept_new_uid` lets its name mean another cluster from now on.

    `properties` given by the user win over those collected from nodes. `node_pools` stand for nodes that are not there
    yet. `joins`: the program itself has it trust the fleet's identities.
    `uid` is that of its kube-system namespace, where the program says so.
    """

    name: str
    access: Access | None
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    taints: tuple[Taint, ...] = ()
    properties: immutabledict[str, Property] = field(default_factory=immutabledict)
    cordoned: bool = False
    leave: Leave = Leave.CLEAN_UP
    leaving: bool = False
    accept_new_uid: bool = False
    node_pools: tuple[NodePool, ...] = ()
    joins: bool = False
    uid: str = ""
