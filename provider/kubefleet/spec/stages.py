"""Stages of a rollout as users write them, and whether every cluster is in one of them only."""

from collections.abc import Iterable
from typing import Any, Literal

from immutabledict import immutabledict

from kubefleet.model.gate import REMOVAL
from kubefleet.model.member import Member
from kubefleet.model.share import Share
from kubefleet.model.strategy import REST, Stage, StagedUpdate
from kubefleet.spec.gates import parse_gates
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.on_failure import WrittenOnFailure, parse_on_failure
from kubefleet.spec.scalars import Labels, check_name
from kubefleet.spec.shares import parse_duration, parse_share
from kubefleet.spec.written import Written, read


class WrittenStage(Written):
    """`{name: canary, selector: {tier: canary}, max_concurrency: 1, before: [...], after: [...]}`."""

    name: str
    selector: Labels | list[str] | None = None
    max_concurrency: int | str = 1
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []


class WrittenStagedUpdate(WrittenOnFailure):
    """`{type: StagedUpdate, stages: [...]}`."""

    type: Literal["StagedUpdate"]
    stages: list[dict[str, Any]]
    progress_deadline: int | str = "10m"
    unverified_wait: int | str = "60s"


def parse_staged(
    raw: object, path: str, spelling: Spelling, mistakes: list[Mistake], keys: Iterable[str]
) -> StagedUpdate | None:
    """A staged rollout, or None after adding to `mistakes`. `keys` are the placement's objects, which checks name."""
    keys = tuple(keys)
    written = read(WrittenStagedUpdate, raw, path, spelling, mistakes)
    if written is None:
        return None
    stages: dict[str, Stage] = {}
    for index, item in enumerate(written.stages):
        where = join(path, "stages", index)
        stage = _stage(item, where, spelling, mistakes, keys)
        if stage is not None and stage.name in stages:
            mistakes.append(Mistake(join(where, "name"), f"`{stage.name}` is there twice. Rename one of them."))
        elif stage is not None:
            stages[stage.name] = stage
    if not written.stages:
        mistakes.append(Mistake(join(path, "stages"), "no stage (expected at least one)."))
    deadline = parse_duration(written.progress_deadline, join(path, "progress_deadline"), mistakes)
    unverified = parse_duration(written.unverified_wait, join(path, "unverified_wait"), mistakes)
    on_failure = parse_on_failure(written, path, mistakes)
    return StagedUpdate(tuple(stages.values()), deadline, unverified, on_failure)


def _stage(raw: object, path: str, spelling: Spelling, mistakes: list[Mistake], keys: tuple[str, ...]) -> Stage | None:
    written = read(WrittenStage, raw, path, spelling, mistakes)
    if written is None:
        return None
    check_name(written.name, join(path, "name"), mistakes)
    if written.name in {REST, REMOVAL, "all", "settle"}:
        message = f"`{written.name}` has a meaning already (expected another name: `{REST}` are those left over)."
        mistakes.append(Mistake(join(path, "name"), message))
    if not written.selector:
        message = f"selects every cluster (expected labels or names; what no stage selects comes last, as `{REST}`)."
        mistakes.append(Mistake(join(path, "selector"), message))
    selector = written.selector or []
    at_once = parse_share(written.max_concurrency, join(path, "max_concurrency"), "clusters", mistakes)
    if at_once.amount == 0:
        mistakes.append(Mistake(join(path, "max_concurrency"), "nothing would ever change (expected at least 1)."))
    return Stage(
        written.name,
        tuple(selector) if isinstance(selector, list) else (),
        immutabledict() if isinstance(selector, list) else immutabledict(selector),
        at_once or Share(1),
        parse_gates(written.before, join(path, "before"), spelling, mistakes, keys),
        parse_gates(written.after, join(path, "after"), spelling, mistakes, keys),
    )


def check_stages(strategy: StagedUpdate, members: Iterable[Member], path: str, mistakes: list[Mistake]) -> None:
    """Add a mistake for every cluster that two stages select, and for every name that is no member's."""
    members = tuple(members)
    names = [member.name for member in members]
    for index, stage in enumerate(strategy.stages):
        for name in stage.clusters:
            if name not in names:
                message = f"unknown cluster `{name}` (expected a member).{did_you_mean(name, names)}"
                mistakes.append(Mistake(join(path, "stages", index, "selector"), message))
    for member in members:
        by = [stage.name for stage in strategy.stages if stage.selects(member.name, member.labels)]
        if len(by) > 1:
            told = " and ".join(f"`{name}`" for name in by)
            message = f"cluster `{member.name}` is selected by {told} (expected one stage for each cluster)."
            mistakes.append(Mistake(join(path, "stages"), message))
