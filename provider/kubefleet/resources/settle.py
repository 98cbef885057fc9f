"""`Settle`: the last resource of a rollout, which takes away what is no longer wanted."""

from kubefleet.model.member import Leave
from kubefleet.model.on_failure import Then
from kubefleet.model.phase import Phase
from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Adapter, Props
from kubefleet.resources.stage import (
    NOT_PLANNED,
    PAUSED,
    held,
    outputs,
    to_be_done,
    with_proven,
    with_result,
    with_timeline,
    without_outputs,
)


class SettleProvider(Adapter):
    """Inputs: those of `Stage`, `leaving` (members that left the program), `after` (stage -> what became of it), and
    where it is staged `clusters` (labels by member); `approvals`, where removals may wait for one.

    Outputs: as `Stage`, and `awaits`: what an approval would have to say.
    """

    def identity(self, news: Props) -> str:
        """`<fleet>/<placement>`."""
        return f"{news['fleet']}/{news['placement']}"

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Says what becomes of the addresses of clusters that it leaves, and what it needs for that."""
        from kubefleet.resources._before_removal import told

        if line := told(olds, news):
            _engine.show(line)
        return without_outputs(news), []

    def changed(self, olds: Props, news: Props) -> bool:
        """True when something else was decided, a stage changed its phase, or the last run did not complete: what was
        held says so again.
        """
        from kubefleet.resources._held_again import held_again

        if line := held_again(olds, news):
            _engine.show(line)
        return to_be_done(olds, news) or olds.get("after") != news.get("after")

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Scale down, complete, prune and remove, if all stages are complete; roll back where that is due."""
        return with_proven(olds, self._settled(olds, news))

    def _settled(self, olds: Props | None, news: Props) -> Props:
        if news.get("paused"):
            return held(news, PAUSED, unsettled(olds, news))
        if rolls_back(news):
            return self._rolled_back(olds, news)
        for stage, before in sorted(news["after"].items()):
            if before.get("phase") != Phase.COMPLETE:
                # The stage has said so on its own row.
                reason = f"stage `{stage}` is {before.get('phase')}"
                return outputs(news, Phase.HELD, reason, unsettled(olds, news))
        if news.get("to") is None or news.get("uid") not in _session.manifests:
            return held(news, NOT_PLANNED, unsettled(olds, news))
        from kubefleet.resources._before_removal import Removal
        from kubefleet.resources._task import make_task
        from kubefleet.rollout.settle import run_settle

        task, gates = make_task(news, olds), Removal(olds, news)
        result = with_result(news, run_settle(task, lambda removals: gates.passed(task, removals)))
        done = with_timeline(olds, {**result, **gates.kept}, task.timeline)
        if done["phase"] != Phase.COMPLETE:
            done["pending"] = sorted({*done["pending"], *unsettled(olds, news)})
        return done

    def _rolled_back(self, olds: Props | None, news: Props) -> Props:
        if news.get("to") is None or news.get("uid") not in _session.manifests:
            return held(news, NOT_PLANNED, unsettled(olds, news))
        from kubefleet.resources._of_stage import stages_of
        from kubefleet.resources._task import make_task
        from kubefleet.rollout.rollback import run_rollback

        task = make_task(news, olds)
        result = with_result(news, run_rollback(task, stages_of(news, task.members)))
        done = with_timeline(olds, result, task.timeline)
        done["pending"] = sorted({*done["pending"], *unsettled(olds, news)})
        return done

    def removed(self, props: Props) -> None:
        """Remove the placement from members that the program no longer has: `Ownership` does not know them."""
        from kubefleet.resources._inputs import all_members
        from kubefleet.resources._removal import remove_everywhere

        members = {name: raw for name, raw in all_members(props).items() if raw.get("leave") != Leave.KEEP}
        remove_everywhere({**props, "members": members})


def rolls_back(news: Props) -> bool:
    """Whether something has failed and is to go back. That a member is silent is no failure of the revision."""
    broken = any(before.get("phase") == Phase.FAILED and before.get("broken") for before in news["after"].values())
    return broken and (news.get("strategy") or {}).get("on_failure") == Then.ROLLBACK


def unsettled(olds: Props | None, news: Props) -> list[str]:
    """Clusters that may still have what the last run wanted to take away there: the next one must look again."""
    before = olds or {}
    return sorted({*(before.get("pending") or ()), *(set(before.get("to") or ()) - set(news.get("to") or ()))})
