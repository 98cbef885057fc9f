"""One seeded run on real clusters: placed, changed in a process of its own while things break, run again until it is
done, and then judged from the logs.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from soak_scenario import CLUSTERS, Fault, Scenario, make_task
from soak_walker import scenario_of, walk

from availability import Faults, Watch, watch
from kubefleet.kube import Connection, connect
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of
from kubefleet.lab.lab import Lab
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import Share, SpreadUpdate
from kubefleet.rollout.task import Task

WALKER = Path(__file__).with_name("soak_walker.py")
POLL = 0.02
LOG_SECONDS = 0.3
GONE_SECONDS = 120
"""Controllers come back to an API server that was down only after a while: client-go's reflectors wait ever longer
(0.8 s to 30 s, up to twice that by chance) until two minutes were quiet, and there are fewer between two runs. What the
rollout has asked for they had seen when it was complete; these are the pods that are still to go.
"""
RUNS = 12


@dataclass
class Report:
    """What happened, and what the watcher found. `unfinished` says what is not as it was to be."""

    scenario: Scenario
    seen: Watch
    faults: Faults
    runs: int
    killed: int
    seconds: float
    unfinished: list[str]
    said: list[str]

    @property
    def violations(self) -> list[str]:
        return self.seen.violations(self.scenario.least, self.scenario.most, self.faults)

    def __str__(self) -> str:
        counts = {
            "process": self.killed,
            "API server": len(self.faults.down),
            "pods": len(self.faults.lost),
            "slow": len(self.faults.slow),
        }
        faults = ", ".join(f"{what} {count}" for what, count in counts.items() if count) or "none"
        return (
            f"{self.scenario.name}: {self.scenario}\n  {self.seconds:.1f} s, {self.runs} runs, faults: {faults}; "
            f"lowest {self.seen.lowest()} of at least {self.scenario.least}, {len(self.violations)} violations"
        )


@dataclass
class Injector:
    """Breaks things when it is their time, and keeps the log of it."""

    lab: Lab
    scenario: Scenario
    dice: random.Random
    begin: float
    todo: list[Fault]
    ends: list[tuple[float, Fault, datetime]] = field(default_factory=list)
    lost: list[tuple[datetime, str]] = field(default_factory=list)
    down: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    slow: dict[str, float] = field(default_factory=dict)

    def due(self) -> Iterator[Fault]:
        """Faults whose time has come."""
        while self.todo and time.monotonic() - self.begin >= self.todo[0].at:
            yield self.todo.pop(0)
        for end, fault, since in list(self.ends):
            if time.monotonic() >= end:
                self.ends.remove((end, fault, since))
                self._end(fault, since)

    def strike(self, fault: Fault) -> None:
        """Do it; what lasts ends by `due` or by `end_all`."""
        now = datetime.now(UTC)
        if fault.kind == "pod":
            self._take_pod(fault.cluster)
        elif fault.kind == "slow":
            self.slow[fault.cluster] = fault.extent / 1000
            self.lab.delay(fault.cluster, round(fault.extent))
        elif fault.kind == "API server":
            self.lab.kill(fault.cluster)
            self.ends.append((time.monotonic() + fault.extent, fault, now))

    def end_all(self) -> None:
        """Undo what lasts."""
        for _, fault, since in self.ends:
            self._end(fault, since)
        self.ends = []
        for cluster in self.slow:
            self.lab.heal(cluster)

    def log(self) -> Faults:
        """What was done."""
        return Faults(tuple(self.lost), tuple(self.down), self.slow)

    def _end(self, fault: Fault, since: datetime) -> None:
        self.lab.restart(fault.cluster)
        self.down.append((since, datetime.now(UTC), fault.cluster))

    def _take_pod(self, cluster: str) -> None:
        """A ready one, if there is any."""
        text = self._kubectl(cluster, "get", "pods", "-l", f"app={self.scenario.name}", "-o", "json")
        ready = {"type": "Ready", "status": "True"}.items()
        names = sorted(
            pod["metadata"]["name"]
            for pod in (json.loads(text)["items"] if text else ())
            if any(ready <= condition.items() for condition in pod["status"].get("conditions", ()))
            and "deletionTimestamp" not in pod["metadata"]
        )
        if names:
            at = datetime.now(UTC)
            if self._kubectl(cluster, "delete", "pod", self.dice.choice(names), "--grace-period=0", "--force"):
                self.lost.append((at, cluster))

    def _kubectl(self, cluster: str, *arguments: str) -> str:
        command = ["kubectl", f"--kubeconfig={self.lab.kubeconfig}", f"--context={cluster}", "--request-timeout=5s"]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False).stdout


@contextmanager
def placed(lab: Lab, scenario: Scenario) -> Iterator[dict[str, Connection]]:
    """What is there before, on all clusters; nothing is afterwards."""
    connections = {name: connect(name, lab.access(name)) for name in CLUSTERS}
    result = walk(make_task(scenario, connections.__getitem__, changed=False))
    assert result.phase is Phase.COMPLETE, result.reason
    try:
        yield connections
    finally:
        gone = walk(emptied(make_task(scenario, connections.__getitem__)))
        for connection in connections.values():
            connection.close()
        assert gone.phase is Phase.COMPLETE, gone.reason


def emptied(task: Task) -> Task:
    """The same placement, on no cluster."""
    return replace(task, target={}, strategy=SpreadUpdate(Share(100), Share(100), progress_deadline=60))


def soak(lab: Lab, seed: str, how: str = "") -> Report:
    """The run of a seed; with `how` by an executor that is broken on purpose, once."""
    scenario = scenario_of(seed)
    since = {name: lab.audited(name) for name in CLUSTERS}
    with placed(lab, scenario) as connections:
        time.sleep(LOG_SECONDS)
        begin, started = datetime.now(UTC), time.monotonic()
        injector = Injector(lab, scenario, random.Random(seed), started, list(scenario.faults))
        runs = killed = 0
        said: list[str] = []
        try:
            while runs < (1 if how else RUNS) and not (said and said[-1] == "complete: "):
                runs += 1
                lines, died = one_run(lab, seed, how, injector)
                killed += died
                said += lines
                if not died and runs > RUNS // 2:
                    injector.end_all()
        finally:
            injector.end_all()
        seconds = time.monotonic() - started
        time.sleep(LOG_SECONDS)
        unfinished = [] if how else still_unfinished(make_task(scenario, connections.__getitem__))
        logs = {name: list(lab.audit(name, since[name])) for name in CLUSTERS}
        seen = watch(logs, scenario.name, begin, f"{scenario.kind.lower()}s")
    return Report(scenario, seen, injector.log(), runs, killed, seconds, unfinished, said)


def one_run(lab: Lab, seed: str, how: str, injector: Injector) -> tuple[list[str], bool]:
    """What the process said, and whether it was killed."""
    command = [sys.executable, str(WALKER), str(lab.kubeconfig), seed, *([how] if how else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    killed = False
    while process.poll() is None:
        for fault in injector.due():
            if fault.kind == "kill -9":
                process.kill()
                killed = True
            else:
                injector.strike(fault)
        time.sleep(POLL)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    assert killed or process.returncode == 0, lines
    return lines, killed


def still_unfinished(task: Task) -> list[str]:
    """What is not as the rollout was to leave it when the last pods have had their time to go."""
    until = time.monotonic() + GONE_SECONDS
    while (found := not_as_wanted(task)) and time.monotonic() < until:
        time.sleep(LOG_SECONDS)
    return found


def not_as_wanted(task: Task) -> list[str]:
    """What is not as the rollout was to leave it."""
    found = []
    for name in CLUSTERS:
        connection, wanted = task.connect(name), task.target.get(name)
        record = read_inventory_object(connection, task.identity.uid)
        live = {key: find(connection, ref_of(item)) for key, item in task.manifests.items()}
        if wanted is None:
            found += [f"{name}: {key} is still there" for key, item in live.items() if item is not None]
            found += [f"{name}: its record is still there"] if record is not None else []
            continue
        if record is None or (record.revision, record.completed) != (task.revision, True):
            found.append(f"{name}: its record is {record}")
        for key, item in live.items():
            if item is None:
                found.append(f"{name}: {key} is not there")
            elif "replicas" in item.get("spec", {}):
                status, expected = item["status"], next(iter(wanted.values()))
                counts = (item["spec"]["replicas"], status.get("availableReplicas", 0), status.get("replicas", 0))
                # The controller of StatefulSets leaves `updatedReplicas` as it is when there become fewer.
                if set(counts) != {expected} or status.get("updatedReplicas", 0) < expected:
                    found.append(f"{name}: {key} has {status}, of {expected}")
    return found
