"""What there is to do for a job that was dispatched before: found by looking, so that a preview knows it too."""

import time
from typing import Any

from kubefleet.dispatch.drive import Kept, too_long
from kubefleet.dispatch.round import look_at
from kubefleet.jobs.account import Account, observed
from kubefleet.jobs.options import OnChange
from kubefleet.jobs.steps import Create, Fence, steps
from kubefleet.jobs.verdict import JobPhase, verdict
from kubefleet.model.phase import Phase
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._job_task import as_outputs, declared_job, job_task, kept_of, total_of
from kubefleet.resources.ownership import has_unknown


def todo(olds: Props, news: Props) -> list[str]:
    """A line for everything; nothing where an `up` would change nothing."""
    if has_unknown(news.get("plan")) or has_unknown(news.get("template")) or has_unknown(news.get("declared")):
        return ["something in it is not known yet"]
    if not news.get("plan") or "account" not in olds:
        return ["it has not been dispatched yet"]
    if why := refused(olds, news):
        _session.refused_jobs[f"{news['fleet']}/{news['job']}"] = why
        return [why]
    lines = _changes(olds, news)
    if olds.get("phase") != Phase.COMPLETE:
        lines.append(f"{olds['phase']}: {olds['reason']}")
    if olds.get("state") == JobPhase.RUNNING and not lines:
        lines += _found(olds, news)
    return lines


def refused(olds: Props, news: Props) -> str:
    """Why its change is none that may be; nothing where it may."""
    before, now = kept_of(olds).account, total_of(news)
    if olds.get("state") != JobPhase.RUNNING:
        return ""
    if before.revision != news["plan"]["revision"] and declared_job(news).options.on_change is OnChange.FAIL:
        return (
            f"its template has changed while it runs ({len(before.done)}/{before.total} indexes are done; expected "
            f'on_change="remaining" or "restart"). Say so, or take the change back'
        )
    if now < before.total and before.revision == news["plan"]["revision"]:
        return f"completions went from {before.total} to {now} while it runs (expected no fewer). Take that back"
    return ""


def _changes(olds: Props, news: Props) -> list[str]:
    account, lines = kept_of(olds).account, []
    if account.revision != news["plan"]["revision"]:
        lines.append("a new template")
    if account.total != total_of(news):
        lines.append(f"{account.total} -> {total_of(news)} indexes")
    if olds.get("members", {}).keys() != news["members"].keys() and olds.get("state") == JobPhase.RUNNING:
        lines.append("other members")
    return lines


def _found(olds: Props, news: Props) -> list[str]:
    """What the clusters have that is to be written down or done."""
    kept, task = kept_of(olds), job_task(news, _nothing)
    seen, silent, refusing = look_at(task)
    account = observed(kept.account, seen)
    judged = verdict(account, task.members)
    if judged.phase is not JobPhase.RUNNING:
        return [f"{judged.phase}: {judged.reason or f'all {account.total} indexes are done'}"]
    working = {shard.cluster for shard in account.shards if shard.is_open}
    gone = too_long(kept, declared_job(news).options, time.time()) & silent.keys() & working
    lines = [f"{name} is given up: {silent[name]}" for name in sorted(gone)]
    lines += [f"{name} is silent: {silent[name]}" for name in sorted(silent.keys() & working - kept.silent.keys())]
    lines += [f"{name} is back" for name in sorted(kept.silent.keys() - silent.keys())]
    lines += [_step(step) for step in steps(account, seen)]
    lines += [f"{name}: {why}" for name, why in sorted(refusing.items())]
    if holes := account.holes(task.members):
        lines.append(f"{len(holes)} indexes are with nobody")
    return lines


def _step(step: Fence | Create) -> str:
    if isinstance(step, Fence):
        return f"generation {step.generation} on {step.cluster} is to be stopped"
    return f"{len(step.shard.indexes)} indexes go to {step.shard.cluster}"


def looked(props: Props) -> Props:
    """The outputs with what has been done by now, and how the job stands."""
    if "account" not in props or props.get("state") != JobPhase.RUNNING:
        return props
    kept, task = kept_of(props), job_task(props, _nothing)
    seen, _, _ = look_at(task)
    account = observed(kept.account, seen)
    judged: dict[str, Any] = {}
    if verdict(account, task.members).phase is JobPhase.COMPLETE:
        judged = {"state": JobPhase.COMPLETE.value}
    return {**props, **as_outputs(Kept(account, kept.silent)), **judged}


def _nothing(account: Account) -> None:
    """Whoever looks writes nothing."""
