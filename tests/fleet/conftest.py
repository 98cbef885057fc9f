"""A stack with a program of its own on the lab's clusters."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import Completed, PulumiEnvironment

MEMBERS = {"eu-1": "eu", "eu-2": "eu", "us-1": "us"}


def kubectl(lab: Lab, cluster: str, *arguments: str, stdin: str = "") -> str:
    command = ["kubectl", f"--kubeconfig={lab.kubeconfig}", f"--context={cluster}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, input=stdin).stdout


class Stack:
    """One stack: a program that is written, run, and looked at on the clusters."""

    def __init__(self, folder: Path, pulumi: PulumiEnvironment, lab: Lab) -> None:
        self.folder, self.pulumi, self.lab = folder, pulumi, lab
        (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")

    def write(self, body: str, *, members: str = "", exports: str = "fleet.plan") -> None:
        """A program with the three members (or the given lines) and then `body`."""
        lines = members or "\n".join(
            f'fleet.member("{name}", context="{name}", labels={{"region": "{region}"}})'
            for name, region in MEMBERS.items()
        )
        (self.folder / "__main__.py").write_text(
            f"import pulumi\nfrom pulumi_kubefleet import *\nfrom parts import *\n"
            f'fleet = Fleet("shop")\n{lines}\n{body}\npulumi.export("plan", {exports})\n'
        )
        (self.folder / "parts.py").write_text(PARTS)

    def run(self, *arguments: str, code: int = 0) -> Completed:
        """A command of Pulumi; its exit code must be `code` (any other than 0 when that is −1)."""
        done = self.pulumi.run(*arguments, cwd=self.folder)
        text = done.stdout + done.stderr
        assert (done.code == code) if code >= 0 else done.code != 0, text
        assert "Traceback" not in text, text
        return done

    def up(self, code: int = 0) -> str:
        done = self.run("up", "--yes", "--skip-preview", code=code)
        return done.stdout + done.stderr

    def preview(self, code: int = 0) -> str:
        done = self.run("preview", code=code)
        return done.stdout + done.stderr

    def plan(self) -> dict[str, str]:
        return json.loads(self.run("stack", "output", "plan", "--json").stdout)

    def state(self) -> list[dict[str, Any]]:
        return json.loads(self.run("stack", "export").stdout)["deployment"]["resources"]

    def kubectl(self, cluster: str, *arguments: str, stdin: str = "") -> str:
        return kubectl(self.lab, cluster, *arguments, stdin=stdin)

    def replicas(self, name: str, namespace: str = "shop") -> dict[str, int]:
        """Desired replicas of a Deployment, by cluster."""
        found = {}
        for cluster in MEMBERS:
            text = self.kubectl(cluster, "get", "deploy", name, "-n", namespace, "--ignore-not-found", "-o", "json")
            if text:
                found[cluster] = json.loads(text)["spec"]["replicas"]
        return found

    def events(self) -> dict[str, int]:
        """Where each cluster's audit log ends now."""
        return {cluster: self.lab.audited(cluster) for cluster in MEMBERS}

    def writes(self, since: dict[str, int]) -> list[tuple[str, str, str, str]]:
        """(cluster, verb, resource, name) of the writes of the lab's admin since then."""
        return [
            (cluster, write.verb, write.resource, write.name)
            for cluster in MEMBERS
            for write in self.lab.writes(cluster, since[cluster])
            if write.user == "lab-admin"
        ]


PARTS = """
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}

def config_map(name="settings", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}

def deployment(name="web", replicas=3, image="web:1", cpu="100m"):
    labels = {"app": name}
    container = {"name": name, "image": image, "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels},
                              # A namespace that is to go waits for half of its pods' grace period.
                              "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]}}},
    }
"""


@pytest.fixture(scope="session")
def pulumi(tmp_path_factory: pytest.TempPathFactory, quickstart_lab: Lab) -> PulumiEnvironment:
    """An engine whose kubeconfig is the lab's."""
    settings = {"KUBECONFIG": str(quickstart_lab.kubeconfig)}
    return PulumiEnvironment(tmp_path_factory.mktemp("pulumi"), settings=settings)


@pytest.fixture(scope="session")
def pulumi_on_gpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulumiEnvironment]:
    """An engine whose kubeconfig is that of the lab with H100s, A100s and a cluster without either."""
    with Lab("gpu", name="gpus", folder=tmp_path_factory.mktemp("gpus")) as lab:
        settings = {"KUBECONFIG": str(lab.kubeconfig)}
        yield PulumiEnvironment(tmp_path_factory.mktemp("pulumi"), settings=settings)


@pytest.fixture
def namespaces_of_joins(quickstart_lab: Lab) -> Iterator[None]:
    """Takes away, before the test and after it, the namespaces that an admin has made for a fleet: members that leave
    keep them, and then a fleet does not take them for its own.
    """
    _without_namespaces(quickstart_lab)
    yield
    _without_namespaces(quickstart_lab)


def _without_namespaces(lab: Lab) -> None:
    for cluster in MEMBERS:
        kubectl(lab, cluster, "delete", "namespace", "pulumi-kubefleet", "acting", "--ignore-not-found")


@pytest.fixture
def stack(
    pulumi: PulumiEnvironment, quickstart_lab: Lab, tmp_path_factory: pytest.TempPathFactory, request: Any
) -> Iterator[Stack]:
    """A stack of its own that is destroyed afterwards, whatever the test has done."""
    folder = tmp_path_factory.mktemp("program")
    made = Stack(folder, pulumi, quickstart_lab)
    made.write("")
    pulumi.init("dev", cwd=folder)
    yield made
    pulumi.run("cancel", "--yes", cwd=folder)
    destroyed = pulumi.run("destroy", "--yes", cwd=folder)
    assert destroyed.code == 0, destroyed.stdout + destroyed.stderr


@pytest.fixture
def two_runs() -> Callable[[Stack], list[str]]:
    """The sorted (urn, operation, inputs) of a `preview --json`."""

    def steps(stack: Stack) -> list[str]:
        preview = json.loads(stack.run("preview", "--json").stdout)
        return sorted(
            json.dumps([step["urn"], step["op"], step.get("newState", {}).get("inputs")], sort_keys=True)
            for step in preview["steps"]
        )

    return steps
