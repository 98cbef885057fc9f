"""`Stage`: brings clusters to what was decided. It adds and updates; `Settle` takes away."""

from collections.abc import Iterable
from typing import Any

from kubefleet.model.phase import Phase
from kubefleet.report.duration_text import duration_text
from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Adapter, Props
from kubefleet.resources.keys import appeared
from kubefleet.resources.ownership import has_unknown

NOT_PLANNED = "not planned in this run. The next `pulumi up` without --target places it"
PAUSED = "paused. Take `paused` out of the program, then run `pulumi up` again"
_COMPARED = (
    *("uid", "revision", "to", "members", "labels", "apart"),
    *("overrides", "ordinals", "options", "divide_companions", "restart_on"),
)
_COMPUTED = ("phase", "reason", "pending", "broken", "healthy", "proven", "timeline", "awaits", "fresh")


class StageProvider(Adapter):
    """Inputs: `fleet, placement, stack, members, uid, revision, to, redo?, strategy?, labels?, health?, overrides?,
    ordinals?, options?, divide_companions?, restart_on?, move?, before_remove?, paused?`; where it is staged also
    `stage`, `after` (the stage before -> phase and reason), `clusters` (labels by member), `approvals`, `expedite?`.

    Outputs: the inputs and `phase`, `reason`, `pending`; `broken`: a cluster or a gate has failed; `healthy`: since
    when a stage has been so at a revision; `proven`: the health checks of the last run that completed; `timeline`: what
    happened when at this revision; `fresh` while no run of a new placement has come to its end.
    """

    def identity(self, news: Props) -> str:
        """`<fleet>/<placement>/<stage>`."""
        return f"{news['fleet']}/{news['placement']}/{stage_name(news)}"

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Shows on the row what will change, and how; a budget that cannot be kept is a mistake."""
        from kubefleet.resources._rehearsal import rehearsed

        refused = rehearsed(olds, news)
        if drift := _session.drifted.get(news.get("uid", "")):
            news = {**news, "drift": drift}
        if has_unknown(news.get("to")):
            return without_outputs(news), refused
        from kubefleet.resources._forecast import companions, expected, takes, unrestarted
        from kubefleet.resources._moving import moved, unkept
        from kubefleet.resources._ordinals import told

        how, mistakes = expected(olds, news)
        how = how or takes(olds, news)
        beside = ", ".join(filter(None, (told(olds, news), companions(olds, news))))
        if news.get("paused"):
            how = "paused"
        before, now = olds.get("to"), news.get("to")
        if "stage" in news:
            from kubefleet.resources._of_stage import of_stage

            before, now = of_stage(news, before), of_stage(news, now)
        for warning in unrestarted(olds, news):
            _engine.show(warning, ephemeral=False, warning=True)
        by_pods = (news.get("strategy") or {}).get("type") == "SpreadUpdate"
        gap = "" if by_pods else moved(olds.get("to"), news.get("to"), news)
        if line := ", ".join(filter(None, (changes_of(before, now), gap, how, beside))):
            _engine.show(line)
        return without_outputs(news), [*mistakes, *unkept(news), *refused]

    def changed(self, olds: Props, news: Props) -> bool:
        """True when something else was decided, or the last run did not complete: what was held says so again."""
        from kubefleet.resources._held_again import held_again

        if line := held_again(olds, news):
            _engine.show(line)
        return to_be_done(olds, news)

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Walk the stage. Returns a phase whatever the members do."""
        done = with_proven(olds, self._walked(olds, news))
        return {**done, "fresh": True} if never_placed(olds, news) and done["phase"] != Phase.COMPLETE else done

    def _walked(self, olds: Props | None, news: Props) -> Props:
        if news.get("paused"):
            return held(news, PAUSED)
        if news.get("to") is None or news.get("uid") not in _session.manifests:
            return held(news, NOT_PLANNED)
        from kubefleet.resources._task import make_task
        from kubefleet.rollout.walk import run_rollout

        task = make_task(news, olds)
        if "stage" in news:
            from kubefleet.resources._staged import run_staged

            return with_timeline(olds, run_staged(task, olds, news), task.timeline)
        return with_timeline(olds, with_result(news, run_rollout(task)), task.timeline)

    def removed(self, props: Props) -> None:
        """Nothing: `Ownership` removes what the placement has."""


def stage_name(props: Props) -> str:
    """`all` where the rollout has but one stage."""
    return str(props.get("stage") or "all")


def is_divided(props: Props) -> bool:
    """Whether replicas are divided over the clusters, not copied."""
    replicas = props.get("replicas")
    return replicas is not None and replicas.get("type", "Divided") == "Divided"


def never_placed(olds: Props | None, news: Props) -> bool:
    """Whether this stack has never placed it: no run of the stage has come to its end. Runs that were held or refused
    have placed nothing; a stage that is new to a placement which was there has.
    """
    if news.get("uid") in _session.gone:
        return False
    return not _session.before.get(str(news.get("uid"))) if olds is None else bool(olds.get("fresh"))


def with_timeline(olds: Props | None, done: Props, timeline: Any) -> Props:
    """With what happened when, in the earlier runs of this revision too, and how it ended."""
    timeline.note(": ".join(filter(None, (done["phase"], done["reason"]))))
    told = timeline.told()
    if len(told) > 1:
        # Else nothing has changed, and the row says how it ended.
        # The row shows the first line, the diagnostics all of them.
        heading = f"{done['phase']} after {duration_text(timeline.lasted)}"
        _engine.show("\n  ".join((heading, *told)), ephemeral=False)
    same = olds is not None and olds.get("revision") == done.get("revision")
    return {**done, "timeline": timeline.after((olds or {}).get("timeline") or () if same else ())}


def to_be_done(olds: Props, news: Props) -> bool:
    """Whether a rollout resource has something to do: its inputs changed, or it is not complete."""
    if olds.get("phase") != Phase.COMPLETE or olds.get("pending"):
        return True
    if any(olds.get(key) != news.get(key) for key in _COMPARED):
        return True
    return bool(_again(olds, news, "clusters")) or any(appeared(olds, news, key) for key in ("leaving", "drift"))


def went_back(olds: Props, news: Props) -> bool:
    """Whether clusters of the stage are at another revision again, as after a rollback: what it has done before
    does not count then, neither that it was complete nor the gates that it has passed.
    """
    return bool(_again(olds, news, "back"))


def _again(olds: Props, news: Props, which: str) -> set[str]:
    """Those of its own clusters that `redo` has newly under this key."""
    if not appeared(olds, news, "redo"):
        return set()
    clusters = dict.fromkeys(news["redo"].get(which) or ())
    if "stage" in news:
        from kubefleet.resources._of_stage import of_stage

        clusters = of_stage(news, clusters)
    return set(clusters)


def with_result(news: Props, result: Any) -> Props:
    """The outputs of a run."""
    if result.phase is not Phase.COMPLETE or result.pending:
        _engine.show(f"{result.phase}: {result.reason}", ephemeral=False, warning=True)
    return {**outputs(news, result.phase, result.reason, result.pending), "broken": result.broken}


def with_proven(olds: Props | None, done: Props) -> Props:
    """With the health checks of the last run that completed: copies of that revision are judged by them."""
    complete = done["phase"] == Phase.COMPLETE and not done["pending"]
    checks = done.get("health") if complete else (olds or {}).get("proven")
    return {**done, "proven": checks} if checks else done


def held(news: Props, reason: str, pending: Iterable[str] = ()) -> Props:
    """The outputs of a resource that did nothing, and says so on its row."""
    _engine.show(f"{Phase.HELD}: {reason}", ephemeral=False, warning=True)
    return outputs(news, Phase.HELD, reason, pending)


def outputs(news: Props, phase: Phase, reason: str, pending: Iterable[str] = ()) -> Props:
    """The inputs and what came of them; `pending` are clusters that the next run must look at again."""
    told: Props = {"phase": phase.value, "reason": reason, "pending": list(pending), "broken": False, "healthy": {}}
    # Drift that was seen to is none any more: the same again is new.
    return {**{key: value for key, value in news.items() if key != "drift"}, **told}


def without_outputs(news: Props) -> Props:
    """The inputs alone: the program registers the outputs too, without values."""
    return {key: value for key, value in news.items() if key not in _COMPUTED}


def changes_of(before: Any, now: Any) -> str:
    """`eu-1 5 -> 0, eu-2 0 -> 5`: only what changes."""
    before, now = (value if isinstance(value, dict) else {} for value in (before, now))
    parts = []
    for cluster in sorted({*before, *now}):
        old, new = before.get(cluster), now.get(cluster)
        if old != new:
            counts = [0 if value is None else sum(value.values()) or "a copy" for value in (old, new)]
            parts.append(f"{cluster} {counts[0]} -> {counts[1]}")
    return ", ".join(parts)
