"""What there is to do for a job that was dispatched before: found by looking, so that a preview knows it too."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kubefleet.dispatch.drive import how_it_stands, too_long
from kubefleet.dispatch.round import JobTask, look_at
from kubefleet.jobs.account import Account, Seen, observed
from kubefleet.jobs.options import OnChange
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.steps import Create, Fence, steps
from kubefleet.jobs.verdict import JobPhase, Verdict
from kubefleet.kube import MemberError
from kubefleet.model.phase import Phase
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._inputs import all_members
from kubefleet.resources._job_hub import latest
from kubefleet.resources._job_task import as_outputs, declared_job, job_task, record_of, total_of
from kubefleet.resources.ownership import has_unknown


@dataclass(frozen=True, slots=True)
class Look:
    """How a job stands: what was kept of it, with what the members that answer have; why of all others."""

    kept: JobRecord
    seen: Seen
    silent: Mapping[str, str]
    refusing: Mapping[str, str]
    verdict: Verdict

    @property
    def account(self) -> Account:
        """What is known now."""
        return self.kept.account


def look(props: Props, kept: JobRecord, task: JobTask) -> Look:
    """`props` are the outputs of the last run, `kept` what is known by now. A job that is over is not looked at again,
    since its Jobs may be gone, but where nobody could be asked when it ended.
    """
    state = JobPhase(props["state"])
    if state is not JobPhase.RUNNING:
        pending = tuple(name for name in props.get("pending") or () if name in task.members)
        seen, silent, refusing = look_at(replace(task, members=pending)) if pending else ({}, {}, {})
        return Look(kept, seen, silent, refusing, Verdict(state, props["reason"]))
    seen, silent, refusing = look_at(task)
    account = observed(kept.account, seen)
    known = replace(kept, account=account)
    return Look(known, seen, silent, refusing, how_it_stands(task, known))


def todo(olds: Props, news: Props) -> list[str]:
    """A line for everything; nothing where an `up` would change nothing."""
    if any(has_unknown(news.get(key)) for key in ("plan", "template", "declared")):
        return ["something in it is not known yet"]
    if not news.get("plan") or "account" not in olds:
        return ["it has not been dispatched yet"]
    try:
        kept = latest(record_of(olds), {**olds, **news})
    except MemberError as error:
        return [f"its account is not read: {error}"]
    found = look(olds, kept, job_task({**olds, **ways(olds, news)}, nothing, kept.account.generation))
    if why := refused(found, news):
        _session.refused_jobs[f"{news['fleet']}/{news['job']}"] = why
        return [why]
    lines = _changes(found.account, olds, news)
    if olds["phase"] != Phase.COMPLETE and found.account.revision == news["plan"]["revision"]:
        lines.append(f"{olds['phase']}: {olds['reason']}")
    if lines or olds["state"] == JobPhase.RUNNING:
        return lines or _found(found, news)
    # What a member had when it was lost may have gone on there.
    return [f"{name} is back" for name in sorted(found.seen)]


def ways(olds: Props, news: Props) -> Props:
    """To all members that there are or were: as they are declared now, else as they were."""
    members = {**all_members(olds), **news["members"]}
    return {"members": members, "leaving": {}, "declared": news["declared"], "identity": news.get("identity")}


def refused(found: Look, news: Props) -> str:
    """Why its change is none that may be; nothing where it may."""
    account, revision, total = found.account, news["plan"]["revision"], total_of(news)
    if found.verdict.phase is not JobPhase.RUNNING:
        return ""
    if account.revision != revision and declared_job(news).options.on_change is OnChange.FAIL:
        return (
            f"its template has changed while it runs ({len(account.done)}/{account.total} indexes are done; expected "
            f'on_change="remaining" or "restart"). Say so, or take the change back'
        )
    if account.revision == revision and total != account.total and found.kept.gang:
        return (
            f"completions went from {account.total} to {total} while it runs, and a gang is one whole (expected as "
            f'many, or on_change="restart" with another template). Take that back'
        )
    if account.revision == revision and total < account.total:
        return f"completions went from {account.total} to {total} while it runs (expected no fewer). Take that back"
    return ""


def _changes(account: Account, olds: Props, news: Props) -> list[str]:
    lines = []
    if account.revision != news["plan"]["revision"]:
        remaining = declared_job(news).options.on_change is OnChange.REMAINING and olds["state"] != JobPhase.COMPLETE
        lines.append(f"a new template: {'what is not done' if remaining else 'all of it'} begins anew")
    elif account.total < total_of(news):
        lines.append(f"{account.total} -> {total_of(news)} indexes")
    if olds["members"].keys() - news["members"].keys() and olds["state"] == JobPhase.RUNNING:
        lines.append("members leave")
    return lines


def _found(found: Look, news: Props) -> list[str]:
    """What the clusters have that is to be written down or done."""
    account, kept, silent = found.account, found.kept, found.silent
    if found.verdict.phase is not JobPhase.RUNNING:
        return [f"{found.verdict.phase}: {found.verdict.reason or f'all {account.total} indexes are done'}"]
    working = {shard.cluster for shard in account.shards if shard.is_open}
    gone = too_long(kept, declared_job(news).options, time.time()) & silent.keys() & working
    lines = [f"{name} is given up: {silent[name]}" for name in sorted(gone)]
    lines += [f"{name} is silent: {silent[name]}" for name in sorted((silent.keys() & working) - kept.silent.keys())]
    lines += [f"{name} is back" for name in sorted(kept.silent.keys() - silent.keys())]
    lines += [_step(step) for step in steps(account, found.seen)]
    lines += [f"{name}: {why}" for name, why in sorted(found.refusing.items())]
    if holes := account.holes(sorted(news["members"])):
        lines.append(f"{len(holes)} indexes are with nobody")
    return lines


def _step(step: Fence | Create) -> str:
    if isinstance(step, Fence):
        return f"generation {step.generation} on {step.cluster} is to be stopped"
    return f"{len(step.shard.indexes)} indexes go to {step.shard.cluster}"


def looked(props: Props) -> Props:
    """The outputs with what has been done by now. That it is over is for an `up` to find, which then lets go of it."""
    if "account" not in props:
        return props
    kept = latest(record_of(props), props)
    found = look(props, kept, job_task(props, nothing, kept.account.generation))
    return {**props, **as_outputs(found.kept)}


def nothing(account: Account) -> None:
    """Whoever looks writes nothing."""
