"""Faults of a cluster whose API server runs and answers: in its certificate, its storage, its admission, its nodes."""

import asyncio
import ssl
import time
from collections.abc import Callable

import urllib3

from kubefleet.lab.api import Api, ApiError
from kubefleet.lab.credentials import Credentials, issue_server_certificate
from kubefleet.lab.etcd import Etcd
from kubefleet.lab.failure import LabError
from kubefleet.lab.nodes import reports_ready
from kubefleet.lab.refusing_webhook import MESSAGE, NAME, RefusingWebhook
from kubefleet.lab.spec import LabClusterSpec

EFFECT_SECONDS = 90
"""The API server looks at its certificate's file once a minute at the latest."""
NOT_READY_LABEL = "lab.pulumi-kubefleet.test/not-ready"
_POLL_SECONDS = 0.1
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_QUOTA = "lab-exhausted"
_PROBE = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "lab-probe"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "probe", "image": "probe"}]}}},
}


class Troubles:
    """What is wrong with one cluster; `in_effect` tells it in words. `own_etcd` is None where clusters share one."""

    def __init__(self, spec: LabClusterSpec, credentials: Credentials, api: Api, own_etcd: Etcd | None) -> None:
        self._spec, self._credentials, self._api = spec, credentials, api
        self._etcd = own_etcd
        self._undo: dict[str, Callable[[], object]] = {}
        self._webhook: RefusingWebhook | None = None

    @property
    def in_effect(self) -> tuple[str, ...]:
        """The troubles, in the order in which they began."""
        return tuple(self._undo)

    async def expire_certificate(self) -> None:
        """Serve with a certificate that expired a minute ago."""

        def serve(*, expired: bool) -> None:
            issue_server_certificate(self._credentials.authority, self._spec.name, expired=expired)
            self._until(self._serves_its_file, "the new certificate is served")

        await self._begin("certificate expired", lambda: serve(expired=True), lambda: serve(expired=False))

    async def make_read_only(self) -> None:
        """Raise etcd's alarm for want of space: reads go on, every write fails."""
        etcd = self._etcd
        if etcd is None:
            raise self._cannot("read-only", "its etcd serves other clusters too", "one of its own")
        await self._begin("read-only", lambda: etcd.raise_alarm(on=True), lambda: etcd.raise_alarm(on=False))

    async def refuse_workloads(self) -> None:
        """Have a webhook refuse every Deployment, StatefulSet, DaemonSet, Job and CronJob that is made or changed."""

        def begin() -> None:
            self._webhook = RefusingWebhook(self._credentials.authority)
            self._api.create(_WEBHOOKS, self._webhook.configuration())
            self._until(self._refuses, "a workload is refused")

        def end() -> None:
            self._api.delete(f"{_WEBHOOKS}/{NAME}")
            self._until(lambda: not self._refuses(), "workloads are let in")
            self.close()

        await self._begin("webhook refuses", begin, end)

    async def exhaust_quota(self, namespace: str) -> None:
        """Leave no pod to a namespace, by a ResourceQuota."""
        if "controller-manager" not in self._spec.controllers:
            raise self._cannot("exhaust", "it has no controller manager", "one, which counts quotas")
        quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"

        def begin() -> None:
            quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": _QUOTA}}
            self._api.create(quotas, {**quota, "spec": {"hard": {"pods": "0"}}})
            self._until(lambda: bool(self._api.get(f"{quotas}/{_QUOTA}")["status"].get("hard")), "it is counted")

        await self._begin(f"quota of {namespace} exhausted", begin, lambda: self._api.delete(f"{quotas}/{_QUOTA}"))

    async def make_not_ready(self, count: int) -> None:
        """Have so many nodes, the first by name, report that they are not ready."""
        names = self._nodes()[:count]

        def report(*, ready: bool) -> None:
            # The label keeps the played kubelet from reporting it ready again.
            label = {NOT_READY_LABEL: None if ready else "true"}
            condition = {"type": "Ready", "status": "False", "reason": "Lab", "message": "not ready in the lab"}
            for name in names:
                self._api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": label}})
                if not ready:
                    self._api.patch(f"/api/v1/nodes/{name}/status", {"status": {"conditions": [condition]}})
            goal = f"{', '.join(names)} {'become' if ready else 'stop being'} ready"
            self._until(lambda: all(self._is_ready(name) is ready for name in names), goal)

        trouble = f"nodes not ready: {len(names)}"
        await self._begin(trouble, lambda: report(ready=False), lambda: report(ready=True))

    async def make_unschedulable(self) -> None:
        """Cordon all nodes: pods that run stay, new ones find no place."""

        def cordon(names: list[str], *, on: bool) -> None:
            for name in names:
                self._api.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": on or None}})

        names = self._nodes()
        await self._begin("unschedulable", lambda: cordon(names, on=True), lambda: cordon(names, on=False))

    async def heal(self) -> None:
        """Undo everything, the last first."""
        for trouble in reversed(list(self._undo)):
            await self.attempt(self._undo[trouble])
            del self._undo[trouble]

    def close(self) -> None:
        """Stop what serves; the cluster may be gone."""
        if self._webhook is not None:
            self._webhook.close()
            self._webhook = None

    async def _begin(self, trouble: str, begin: Callable[[], object], end: Callable[[], object]) -> None:
        if trouble not in self._undo:
            self._undo[trouble] = end
            await self.attempt(begin)

    async def attempt(self, work: Callable[[], object]) -> None:
        """Do something in a thread; what the cluster refuses or does not answer is raised as LabError."""
        try:
            await asyncio.to_thread(work)
        except (ApiError, urllib3.exceptions.HTTPError) as error:
            raise LabError(f"the fault failed at `{self._spec.name}`: {error} Heal it, and try again.") from error

    def _until(self, reached: Callable[[], bool], goal: str) -> None:
        deadline = time.monotonic() + EFFECT_SECONDS
        while not reached():
            if time.monotonic() > deadline:
                raise LabError(f"`{self._spec.name}`: no effect in {EFFECT_SECONDS} s (expected that {goal}).")
            time.sleep(_POLL_SECONDS)

    def _cannot(self, verb: str, seen: str, expected: str) -> LabError:
        return LabError(f"`{verb}` failed: `{self._spec.name}` cannot do that: {seen} (expected {expected}).")

    def _serves_its_file(self) -> bool:
        host, _, port = self._api.server.removeprefix("https://").partition(":")
        served = ssl.get_server_certificate((host, int(port)))
        return served.split() == self._credentials.server.certificate.read_text().split()

    def _refuses(self) -> bool:
        try:
            self._api.create("/apis/batch/v1/namespaces/default/jobs?dryRun=All", _PROBE)
        except ApiError as error:
            if MESSAGE in str(error):
                return True
            raise
        return False

    def _nodes(self) -> list[str]:
        return sorted(node["metadata"]["name"] for node in self._api.get("/api/v1/nodes")["items"])

    def _is_ready(self, name: str) -> bool:
        return reports_ready(self._api.get(f"/api/v1/nodes/{name}"))
