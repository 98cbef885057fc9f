"""Jobs that are looked after all at once, and what of it is shown."""

import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from kubefleet.cli._stack_jobs import StackJob
from kubefleet.dispatch.watch import Watched, watch_job
from kubefleet.jobs.account import Account
from kubefleet.jobs.verdict import JobPhase
from kubefleet.kube import Cancelled, MemberError, fan_out
from kubefleet.report.job_progress import JobProgress

_QUIET: Final = 5.0
"""Seconds between two lines about one job, where lines cannot be replaced."""


class JobBoard:
    """Each job has a line: replaced on a terminal, else printed when it has changed."""

    def __init__(self, jobs: Sequence[StackJob]) -> None:
        self._jobs = jobs
        self._lines: dict[str, str] = {}
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None

    def run(self, *, once: bool) -> Mapping[str, JobPhase]:
        """Look after all of them until they are over; how each has ended. ^C ends it, and leaves the jobs running."""
        from kubefleet.resources import _engine

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: _engine.cancelled.set())
        console = Console()
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False)
            with self._live:
                outcomes = fan_out(self._jobs, lambda job: self._watch(job, once), max_parallel=len(self._jobs))
        else:
            outcomes = fan_out(self._jobs, lambda job: self._watch(job, once), max_parallel=len(self._jobs))
        return {job.full: outcome.get() for job, outcome in zip(self._jobs, outcomes, strict=True)}

    def _watch(self, job: StackJob, once: bool) -> JobPhase:
        from kubefleet.resources import _engine
        from kubefleet.resources._job_driven import driven
        from kubefleet.resources._job_hub import hub_of
        from kubefleet.resources._job_task import declared_job, record_of

        outputs = dict(job.outputs)
        hub = hub_of(outputs)
        if not job.is_dispatched or hub is None:
            self._say(job.full, "not dispatched yet. Run `pulumi up` first", last=True)
            return JobPhase.RUNNING
        if (state := JobPhase(outputs["state"])) is not JobPhase.RUNNING:
            self._say(job.full, f"{state}: {outputs['reason']}" if outputs["reason"] else str(state), last=True)
            return state
        progress = JobProgress()

        def tell(account: Account, gang: str) -> None:
            self._say(job.full, progress.line(account, time.monotonic(), gang))

        watched = Watched(
            outputs["plan"]["uid"],
            record_of(outputs),
            declared_job(outputs).options,
            lambda known, work: driven(outputs, known, work),
        )
        try:
            done = watch_job(
                watched,
                *hub,
                once=once,
                tell=tell,
                warn=lambda line: self._say(job.full, line, last=True),
                cancelled=_engine.cancelled.is_set,
            )
        except Cancelled:
            self._say(job.full, "interrupted", last=True)
            return JobPhase.RUNNING
        except MemberError as error:
            self._say(job.full, str(error), last=True)
            return JobPhase.RUNNING
        how = progress.line(done.kept.account, time.monotonic())
        if done.job is JobPhase.RUNNING:
            self._say(job.full, f"{how}; its Jobs go on by themselves", last=True)
        else:
            self._say(job.full, f"{done.job}: {done.reason or how}", last=True)
        return done.job

    def _say(self, name: str, line: str, *, last: bool = False) -> None:
        with self._lock:
            before, self._lines[name] = self._lines.get(name), line
            if self._live is not None:
                self._live.update(self._table(), refresh=True)
                return
            now = time.monotonic()
            if last or (line != before and now - self._told.get(name, -_QUIET) >= _QUIET):
                self._told[name] = now
                typer.echo(f"{name}: {line}")
                sys.stdout.flush()

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        for name in sorted(self._lines):
            table.add_row(name, self._lines[name])
        return table
