"""One running cluster of a lab: its processes, in the order in which they start, and the proxy in front."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import urllib3

from kubefleet.lab import commands
from kubefleet.lab.api import Api, ApiError
from kubefleet.lab.authentication import authentication_configuration
from kubefleet.lab.certificates import make_signing_key
from kubefleet.lab.commands import LOOPBACK, ApiServerFiles, EtcdAddress
from kubefleet.lab.credentials import ADMIN, make_credentials
from kubefleet.lab.etcd import Etcd
from kubefleet.lab.failure import LabError
from kubefleet.lab.folder import ClusterFolder, write_private
from kubefleet.lab.front import Front
from kubefleet.lab.kubeconfig import Context, TokenContext
from kubefleet.lab.nodes import is_ready, node_objects
from kubefleet.lab.ports import Ports
from kubefleet.lab.process import Process, ProcessState
from kubefleet.lab.skewed_token import ACCOUNT, write_skewed_kubeconfig
from kubefleet.lab.spec import LabClusterSpec
from kubefleet.lab.troubles import Troubles

READY_SECONDS = 120
POLL_SECONDS = 0.1
_STAGES = Path(__file__).with_name("stages")


class RunningCluster:
    """Makes a cluster's files at once; its processes run from `start` to `stop`. Main thread only."""

    def __init__(
        self,
        spec: LabClusterSpec,
        folder: ClusterFolder,
        programs: Mapping[str, Path],
        ports: Ports,
        etcd: Etcd | None,
    ) -> None:
        """`etcd` is the shared one; without it the cluster has one of its own."""
        self.spec = spec
        self._folder = folder
        folder.make()
        controllers = tuple(f"kube-{name}" for name in spec.controllers) + (("kwok",) if spec.plays else ())
        front_port, port = ports.take(2)
        self.front = Front(front_port, port)
        self.server = f"https://{LOOPBACK}:{front_port}"
        self._credentials = make_credentials(spec.name, folder, controllers, port)
        set_up = self._credentials.set_up
        self._api = Api(f"https://{LOOPBACK}:{port}", self._credentials.authority.path, set_up, timeout=5)
        own = etcd or Etcd(folder, programs["etcd"], ports)
        self.etcd = own.process if etcd is None else None
        self.troubles = Troubles(spec, self._credentials, self._api, own if etcd is None else None)
        arguments = self._arguments(port, own.address("/registry" if etcd is None else f"/{spec.name}"))
        self.api_server, *self.controllers = (
            Process(name, programs[name], arguments[name], folder.logs / f"{name}.log")
            for name in ("kube-apiserver", *controllers)
        )

    def _arguments(self, port: int, etcd: EtcdAddress) -> dict[str, list[str]]:
        """Write what the programs read; their command lines by name."""
        folder, spec, credentials = self._folder, self.spec, self._credentials
        write_private(folder.authentication, authentication_configuration(hub=spec.role == "hub"))
        write_private(folder.stages, "---\n".join((_STAGES / f"{name}.yaml").read_text() for name in spec.plays))
        accounts = make_signing_key(folder.pki)
        authority = credentials.authority.path
        files = ApiServerFiles(authority, credentials.server, accounts, folder.authentication, folder.audit_log)
        # Without controllers nothing would make default accounts, nor take the taint of new nodes away.
        disabled = () if "controller-manager" in spec.controllers else ("ServiceAccount", "TaintNodesByCondition")
        manager = folder.kubeconfig("kube-controller-manager")
        return {
            "kube-apiserver": commands.api_server(spec.name, port, self.server, etcd, files, ",".join(disabled)),
            "kube-controller-manager": commands.controller_manager(manager, authority, accounts),
            "kube-scheduler": commands.scheduler(folder.kubeconfig("kube-scheduler")),
            "kwok": commands.kwok(folder.kubeconfig("kwok"), folder.stages),
        }

    @property
    def processes(self) -> tuple[Process, ...]:
        """All of them, in the order in which they start."""
        return (*([self.etcd] if self.etcd else []), self.api_server, *self.controllers)

    @property
    def context(self) -> Context:
        """How its admin reaches it."""
        credentials = self._credentials
        return Context(self.spec.name, self.server, credentials.authority.path, ADMIN, credentials.admin)

    async def start(self, turn: asyncio.Semaphore) -> None:
        """Start everything and return when pods could be placed. API servers start only as `turn` lets them.

        Raises:
            LabError: a program ended, or it was not ready in `READY_SECONDS`.
        """
        if self.etcd is not None:
            self.etcd.start()
        async with turn:
            await self.start_api_server()
        for controller in self.controllers:
            controller.start()
        for node in node_objects(self.spec):
            await asyncio.to_thread(self._api.create, "/api/v1/nodes", node)
        if "nodes" in self.spec.plays:
            await self._until("its nodes are ready", self._nodes_are_ready)
        if "controller-manager" in self.spec.controllers:
            await self._until("its default account is there", self._default_account_is_there)

    async def start_api_server(self) -> None:
        """Start the API server, also again on its old data, and return when it is ready.

        Raises:
            LabError: as `start`.
        """
        self.api_server.start()
        await self._until("its API server is ready", self._api_server_is_ready)
        await self.front.start()

    def kill_api_server(self) -> None:
        """Kill the API server. Who connects is refused until it is started again."""
        self.front.refuse()
        self.api_server.kill()

    def skew_token(self, seconds: int) -> None:
        """Write a kubeconfig with a token that a clock has issued which is so many seconds fast.

        Raises:
            ApiError: its service account could not be made.
        """
        context = TokenContext(self.spec.name, self.server, self._credentials.authority.path, ACCOUNT)
        key = self._folder.pki / "service-accounts.key"
        write_skewed_kubeconfig(self._folder.kubeconfig(ACCOUNT), self._api, context, key, seconds)

    def stop(self) -> None:
        """End everything at once."""
        self.front.close()
        self.troubles.close()
        self._api.close()
        for process in reversed(self.processes):
            process.kill()

    def _api_server_is_ready(self) -> bool:
        return bool(self._api.get("/readyz") == "ok")

    def _nodes_are_ready(self) -> bool:
        return all(is_ready(node) for node in self._api.get("/api/v1/nodes")["items"])

    def _default_account_is_there(self) -> bool:
        return bool(self._api.get("/api/v1/namespaces/default/serviceaccounts/default"))

    async def _until(self, goal: str, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        reason = "no answer"
        while True:
            try:
                if await asyncio.to_thread(reached):
                    return
            except (ApiError, urllib3.exceptions.HTTPError) as error:
                reason = str(error)
            for process in self.processes:
                if process.pid and process.state is ProcessState.ENDED:
                    raise self._failure(f"{process.name} ended", "it to run", process)
            if time.monotonic() > deadline:
                raise self._failure(f"after {READY_SECONDS} s: {reason}", f"that {goal}", self.api_server)
            await asyncio.sleep(POLL_SECONDS)

    def _failure(self, seen: str, expected: str, process: Process) -> LabError:
        return LabError(
            f"starting `{self.spec.name}` failed: {seen} (expected {expected}). Look into `{self._folder.logs}`; "
            f"{process.name} said last:\n{process.last_words()}"
        )
