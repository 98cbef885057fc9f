"""What a preview says of a rollout that was held, where nothing else has changed: the row shows only that it runs."""

from collections.abc import Mapping

from kubefleet.model.gate import is_removal_approved
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import StagedUpdate
from kubefleet.resources._adapter import Props
from kubefleet.resources._gates import held_by_approval
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.strategy import parse_strategy


def held_again(olds: Props, news: Props) -> str:
    """`held: ...` where what it waits for is not given yet, `goes on` where it is; empty of one that was not held, or
    is told otherwise. `olds` are outputs; what the stages before come to is not known in a preview.
    """
    if olds.get("phase") != Phase.HELD or news.get("paused"):
        return ""
    if any(olds.get(key) != news.get(key) for key in ("revision", "to")):
        return ""
    if awaited := str(olds.get("awaits") or ""):
        revision, _, clusters = awaited.partition(":")
        given = is_removal_approved(
            news.get("approvals") or (), str(news["placement"]), revision, tuple(clusters.split(","))
        )
        return "goes on: the removal is approved" if given else f"held: {olds.get('reason')}"
    # What it lacks is known; how the stages before will end is not.
    why = _unapproved(olds, news) or _waits_for(news)
    return f"held: {why}" if why else "goes on"


def _unapproved(olds: Props, news: Props) -> str:
    strategy = parse_strategy(news.get("strategy"), "strategy", Spelling.PYTHON, [])
    if "stage" not in news or not isinstance(strategy, StagedUpdate):
        return ""
    return held_by_approval(news, strategy.stage(str(news["stage"])), olds)


def _waits_for(news: Props) -> str:
    """Says which stages before it are not known to be complete; empty where all are."""
    after = news.get("after")
    if not isinstance(after, Mapping):
        return "waits for the stages before" if after else ""
    names = [
        name
        for name, told in sorted(after.items())
        if not isinstance(told, Mapping) or told.get("phase") != Phase.COMPLETE
    ]
    told = " and ".join(f"stage `{name}`" for name in names)
    return f"waits for {told}" if told else ""
