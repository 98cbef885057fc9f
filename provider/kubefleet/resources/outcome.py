"""`Outcome`: the last resource of a fleet. Its check turns failed phases into the command's error."""

from typing import Any

from kubefleet.model.phase import Phase
from kubefleet.resources import _session
from kubefleet.resources._adapter import Adapter, Props
from kubefleet.resources.keys import appeared

_WRONG = frozenset({Phase.FAILED.value, Phase.INTERRUPTED.value})


class OutcomeProvider(Adapter):
    """Inputs: `fleet`; `phases`: placement -> stage -> `{phase, reason}`; `joins?`: member -> the same; `jobs?`: job ->
    the same; `members`, `leaving`; `stray`: what those
    placements have left that are gone, as member -> uid -> name. Outputs: the inputs and `pending`.
    """

    def identity(self, news: Props) -> str:
        """The fleet's name."""
        return str(news["fleet"])

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """One failure that lists every placement that is not done. What a preview does not know yet is no failure."""
        lines = [*failed_phases(news["phases"], news.get("joins") or {}), *_failed_jobs(news)]
        if not lines:
            return news, []
        head = f"{len(lines)} failed{_others(news['phases'])}. Mend these, then run `pulumi up` again"
        return news, ["\n  ".join((head, *lines))]

    def changed(self, olds: Props, news: Props) -> bool:
        """True when a phase is another one, when something stray appears, or when that could not be removed: `phase` is
        only there after an unexpected error.
        """
        undone = bool(olds.get("pending")) or "phase" in olds
        again = any(olds.get(key) != news.get(key) for key in ("phases", "jobs"))
        return undone or appeared(olds, news, "stray") or again

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Remove what is stray; `pending` are the members where that failed, which the next `up` asks again."""
        if not news.get("stray"):
            return {**news, "pending": []}
        from kubefleet.resources._removal import remove_stray

        return {**news, "pending": remove_stray(news)}


def _failed_jobs(news: Props) -> list[str]:
    """A preview knows already which changes of a job are refused."""
    refused = _session.refused_jobs
    found = []
    for name, result in sorted((news.get("jobs") or {}).items()):
        failed = isinstance(result, dict) and result.get("phase") in _WRONG
        why = refused.get(f"{news['fleet']}/{name}") or (result.get("reason", "") if failed else "")
        if failed or why:
            found.append(f"{name} failed: {why}")
    return found


def _others(phases: dict[str, dict[str, Any]]) -> str:
    """How far the rest got; nothing where there are no placements, as in a member's own stack."""
    done = sum(map(_finished, phases.values()))
    return f"; {done} of {len(phases)} placements are finished" if phases else ""


def _finished(stages: dict[str, Any]) -> bool:
    return all(isinstance(result, dict) and result.get("phase") == Phase.COMPLETE for result in stages.values())


def failed_phases(phases: dict[str, dict[str, Any]], joins: dict[str, Any]) -> list[str]:
    """One line for each join and each stage that failed or was interrupted."""
    lines = [
        f"{member} is not ready for the fleet's identities: {result.get('reason', '')}"
        for member, result in sorted(joins.items())
        if isinstance(result, dict) and result.get("phase") in _WRONG
    ]
    for placement, stages in sorted(phases.items()):
        for stage, result in stages.items():
            if isinstance(result, dict) and result.get("phase") in _WRONG:
                lines.append(f"{placement}/{stage} {result['phase']}: {result.get('reason', '')}")
    return lines
