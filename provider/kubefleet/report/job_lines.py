"""The plan of a job in lines."""

from collections import Counter

from kubefleet.jobs.gang import NoRoom
from kubefleet.jobs.indexes import format_indexes
from kubefleet.jobs.plan import JobPlan, ShardPlan
from kubefleet.report.duration_text import duration_text
from kubefleet.report.reason_text import reason_text

_MS = 1000


def job_lines(plan: JobPlan, completions: int) -> list[str]:
    """What it comes to, a line for each cluster that gets some of it, and why others get none."""
    if plan.unfit is not None:
        return [f"{plan.job}: {unfit_text(plan)}", *_refused(plan)]
    names = sorted(plan.shards)
    lacks = [f"  {plan.lacks}"] if plan.lacks else []
    head = f"{plan.job}: {_counted(completions)} on {', '.join(names)}, about {_text(plan.span)}"
    return [head, *lacks, *(f"  {name}: {_shard(plan.shards[name])}" for name in names), *_refused(plan)]


def _shard(shard: ShardPlan) -> str:
    part = shard.part
    waves = "1 wave" if part.waves == 1 else f"{part.waves} waves"
    return (
        f"{_counted(part.count)} ({format_indexes(shard.indexes)}), {part.slots} of {shard.capacity} at once, "
        f"{waves}, {_text(part.span)}{_on(shard)}{_price(shard)}"
    )


def _on(shard: ShardPlan) -> str:
    """The network that a gang is kept in."""
    return "".join(f", {expr.key}={'|'.join(expr.values)}" for expr in shard.nodes)


def _counted(indexes: int) -> str:
    return "1 index" if indexes == 1 else f"{indexes} indexes"


def _price(shard: ShardPlan) -> str:
    return "" if shard.price is None else f", costs {float(round(shard.price, 4)):g}"


def unfit_text(plan: JobPlan) -> str:
    """Why it does not fit, with the least change that would help."""
    if isinstance(plan.unfit, NoRoom):
        return str(plan.unfit)
    if plan.unfit is None or plan.unfit.deadline is None:
        return "no cluster has room for one of its pods"
    return f"{plan.unfit.most} of its indexes end by the deadline; all would by {_text(plan.unfit.deadline)}"


def _refused(plan: JobPlan) -> list[str]:
    counted = Counter(", ".join(map(reason_text, reasons)) for reasons in plan.refused.values())
    return [f"  {count} refused: {why}" for why, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]


def _text(milliseconds: int) -> str:
    return duration_text(-(-milliseconds // _MS))
