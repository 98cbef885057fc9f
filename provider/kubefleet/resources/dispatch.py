"""`Dispatch`: a job on its clusters. It brings shards to where they were planned, keeps account of what is done, and
sees that others get what a cluster that is gone has left.
"""

from typing import Any

from kubefleet.model.phase import Phase
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Adapter, Props
from kubefleet.resources.keys import KEPT
from kubefleet.resources.ownership import has_unknown

_NOT_PLANNED = "not planned in this run. The next `pulumi up` without --target runs it"
_COMPUTED = ("phase", "reason", "state", "pending", *KEPT)


class DispatchProvider(Adapter):
    """Inputs: `fleet, job, members, template, declared` (the arguments of the job), `plan` (`job:<job>` of Schedule).

    Outputs: the inputs and `phase`, `reason`; `state`: that of the job itself; `account`; `silent`: member -> since
    when, in seconds of the epoch; `pending`: members that were silent when it ended; `leaving`: members that are no
    longer declared and have something of it; and what else there is of a `JobRecord`. Where the fleet has a `hub`, the
    record there is the later one.
    """

    def identity(self, news: Props) -> str:
        """`<fleet>/<job>`."""
        return f"{news['fleet']}/{news['job']}"

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Shows on the row where a new job goes."""
        plan = news.get("plan")
        if plan and not has_unknown(plan) and plan != olds.get("plan"):
            _engine.show(_planned(plan))
        mistakes = []
        if (news.get("declared") or {}).get("lease") is not None and plan and not has_unknown(news):
            from kubefleet.resources._job_driven import out_of_touch

            mistakes += out_of_touch(news)
        if news.get("identity") and plan and not has_unknown(news):
            from kubefleet.resources._job_identity import never_granted

            mistakes += never_granted(news)
        return {key: value for key, value in news.items() if key not in _COMPUTED}, mistakes

    def changed(self, olds: Props, news: Props) -> bool:
        """True when it is another job now, or the clusters have something that is to be written down or done."""
        from kubefleet.resources._job_change import todo

        lines = todo(olds, news)
        for line in lines:
            _engine.show(line)
        return bool(lines)

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Run rounds until what is waited for has come. Returns a phase whatever the members do."""
        if why := _without_place(olds, news):
            return _held(olds, news, why)
        from kubefleet.resources._job_run import run_job

        return run_job(olds, news)

    def refreshed(self, props: Props) -> Props:
        """With what has been done since."""
        from kubefleet.resources._job_change import looked

        return looked(props)

    def removed(self, props: Props) -> None:
        """Cancel it on every member."""
        from kubefleet.resources._job_removal import cancel_everywhere

        cancel_everywhere(props)


def _planned(plan: Any) -> str:
    parts = plan.get("parts") or {}
    return ", ".join(f"{name} {parts[name]['indexes']}" for name in sorted(parts)) or "no room yet"


def _without_place(olds: Props | None, news: Props) -> str:
    """Why nothing is done; nothing where it has a place, or had one."""
    plan = news.get("plan")
    if not plan:
        return _NOT_PLANNED
    if plan["parts"] or plan.get("begun") or (olds or {}).get("account"):
        return ""
    if plan.get("queued"):
        return f"it waits for its turn in queue {plan['queued']}. Run `pulumi up` again when others are done"
    return "no cluster has room for it now. Run `pulumi up` again when there is some"


def _held(olds: Props | None, news: Props, why: str) -> Props:
    _engine.show(f"{Phase.HELD}: {why}", ephemeral=False, warning=True)
    known: Props = olds or {}
    before: Props = {key: known[key] for key in (*KEPT, "state", "plan") if key in known}
    return {**news, **before, "phase": Phase.HELD.value, "reason": why}
