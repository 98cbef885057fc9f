"""A fleet of Kubernetes clusters, declared in Python and used as one computer."""

from pulumi_kubefleet.access import ClusterProfile, ExecCredential, Kubeconfig
from pulumi_kubefleet.affinity import Affinity
from pulumi_kubefleet.fleet import Fleet
from pulumi_kubefleet.health import HealthCheck
from pulumi_kubefleet.hub_accounts import HubAccounts
from pulumi_kubefleet.identity import IdentityFederation
from pulumi_kubefleet.job import Division, Job, job_index_policy
from pulumi_kubefleet.member import MemberCluster
from pulumi_kubefleet.member_join import MemberJoin
from pulumi_kubefleet.node_pools import NodePool
from pulumi_kubefleet.overrides import Override
from pulumi_kubefleet.placement import Placement
from pulumi_kubefleet.policies import PickAll, PickFixed, PickN, Policy
from pulumi_kubefleet.replicas import Divided, Duplicated
from pulumi_kubefleet.strategies import Approval, Check, RollingUpdate, SpreadUpdate, Stage, StagedUpdate, Wait
from pulumi_kubefleet.terms import (
    Expr,
    Label,
    Node,
    Nodes,
    Prefer,
    Prop,
    SpreadGroup,
    Taint,
    Term,
    Toleration,
    TopologySpread,
)

__all__ = [
    "Affinity",
    "Approval",
    "Check",
    "ClusterProfile",
    "Divided",
    "Division",
    "Duplicated",
    "ExecCredential",
    "Expr",
    "Fleet",
    "HealthCheck",
    "HubAccounts",
    "IdentityFederation",
    "Job",
    "Kubeconfig",
    "Label",
    "MemberCluster",
    "MemberJoin",
    "Node",
    "NodePool",
    "Nodes",
    "Override",
    "PickAll",
    "PickFixed",
    "PickN",
    "Placement",
    "Policy",
    "Prefer",
    "Prop",
    "RollingUpdate",
    "SpreadGroup",
    "SpreadUpdate",
    "Stage",
    "StagedUpdate",
    "Taint",
    "Term",
    "Toleration",
    "TopologySpread",
    "Wait",
    "job_index_policy",
]
