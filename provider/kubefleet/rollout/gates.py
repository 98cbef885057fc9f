"""Gates of a stage: what has to be so before it begins, and after it is healthy."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubefleet.health import Health, Status
from kubefleet.kube import Cancelled
from kubefleet.model.gate import Check, Gate, Wait
from kubefleet.model.phase import Phase
from kubefleet.report.duration_text import duration_text
from kubefleet.rollout.live import read_live
from kubefleet.rollout.looks import look_at
from kubefleet.rollout.task import Result, Task

_LOOK_AGAIN = 1.0
_EVERY = 10


@dataclass(frozen=True, slots=True)
class Gates:
    """Those of one stage. `clusters` are those of it that are up to date, or are to become so. `clock` is in seconds,
    of `time.time`: waits are counted over several runs.
    """

    task: Task
    stage: str
    clusters: tuple[str, ...]
    clock: Callable[[], float] = time.time

    def before(self, gates: Iterable[Gate]) -> Result | None:
        """Wait until all of them are passed; a result where one is not. Approvals are not asked here."""
        try:
            for gate in gates:
                if isinstance(gate, Check) and (why := self._checked(gate)):
                    return Result(Phase.FAILED, why, self.clusters, broken=True)
        except Cancelled:
            return _cancelled()
        return None

    def after(self, gates: Iterable[Gate], since: float) -> Result | None:
        """The same of those after it, one after the other, where the stage is healthy since then. What took its time is
        followed by one more look at the stage.
        """
        begun = self.clock()
        try:
            for gate in gates:
                match gate:
                    case Wait(seconds):
                        self._wait(since + seconds)
                    case Check() if why := self._checked(gate):
                        return Result(Phase.FAILED, why, broken=True)
            if self.clock() - begun < _LOOK_AGAIN:
                return None
            live = read_live(self.task, self.clusters)
        except Cancelled:
            return _cancelled()
        ill = sorted(name for name, copy in live.copies.items() if not copy.available)
        if ill:
            return Result(Phase.FAILED, f"not available any more after the wait: {', '.join(ill)}", broken=True)
        return None

    def _wait(self, until: float) -> None:
        """Raises Cancelled."""
        told = None
        if until > self.clock():
            self.task.timeline.note(f"healthy, waits {duration_text(round(until - self.clock()))}")
        while (left := until - self.clock()) > 0:
            if int(left) // _EVERY != told:
                told = int(left) // _EVERY
                self.task.show(f"{self.stage}: healthy at revision {self.task.revision}, waits {int(left) + 1}s more")
            self.task.sleep(min(_LOOK_AGAIN, left))

    def _checked(self, check: Check) -> str:
        """Why a check does not hold; empty where it does. Raises Cancelled."""
        end, row = self.clock() + check.deadline, 0
        while True:
            found = look_at(self.task, check.look, self.stage, self.clusters, end - self.clock())
            row = row + 1 if found.status is Status.AVAILABLE else 0
            if row >= check.successes:
                self.task.timeline.note(f"check {check.look} holds")
                return ""
            left = end - self.clock()
            if found.status is Status.FAILED or left <= 0:
                return _why(check, found, row)
            seen = f"{row} of {check.successes} in a row" if row else found.reason
            self.task.show(f"{self.stage}: check {check.look}: {seen}")
            self.task.sleep(min(check.interval, left))


def _why(check: Check, found: Health, row: int) -> str:
    if found.status is Status.FAILED:
        return f"check {check.look}: {found.reason}"
    seen = f"it held {row} of {check.successes} times in a row" if row else found.reason
    return f"check {check.look}: {seen} when its time was up ({check.deadline} s)"


def _cancelled() -> Result:
    return Result(Phase.INTERRUPTED, "cancelled. Run `pulumi up` again to continue")
