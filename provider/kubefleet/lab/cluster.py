"""One running cluster of a lab: its processes in order, and what can go wrong with them."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from kubefleet.lab import commands
from kubefleet.lab.api import Api, ApiError
from kubefleet.lab.authentication import authentication_configuration
from kubefleet.lab.certificates import Authority, KeyPair, make_signing_key
from kubefleet.lab.commands import LOOPBACK, ApiServerFiles, EtcdAddress
from kubefleet.lab.failure import LabError
from kubefleet.lab.folder import ClusterFolder, write_private
from kubefleet.lab.front import Front, Way
from kubefleet.lab.kubeconfig import Context, write_kubeconfig
from kubefleet.lab.nodes import is_ready, node_objects
from kubefleet.lab.ports import free_ports
from kubefleet.lab.process import Process, ProcessState
from kubefleet.lab.spec import LabClusterSpec

ADMIN = "lab-admin"
SET_UP = "system:lab"
READY_SECONDS = 120
POLL_SECONDS = 0.1
_STAGES = Path(__file__).with_name("stages")
