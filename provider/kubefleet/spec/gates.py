"""Gates of a stage as users write them."""

from collections.abc import Iterable
from typing import Any, Final, Literal

from kubefleet.model.gate import Approval, Gate, Wait
from kubefleet.spec.gate_check import parse_gate_check
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written, read

_GATES: Final = ("Wait", "Approval", "Check")


class WrittenWait(Written):
    """`{type: Wait, duration: 10m}`."""

    type: Literal["Wait"]
    duration: int | str


class WrittenApproval(Written):
    """`{type: Approval}`."""

    type: Literal["Approval"]


def parse_gates(
    raw: list[dict[str, Any]], path: str, spelling: Spelling, mistakes: list[Mistake], keys: Iterable[str]
) -> tuple[Gate, ...]:
    """The gates that can be used; everything else is added to `mistakes`. `keys` as of `parse_checks`."""
    found: list[Gate] = []
    for index, item in enumerate(raw):
        where, kind = join(path, index), item.get("type")
        if kind == "Wait":
            wait = read(WrittenWait, item, where, spelling, mistakes)
            if wait is not None:
                found.append(Wait(parse_duration(wait.duration, join(where, "duration"), mistakes)))
        elif kind == "Approval":
            if read(WrittenApproval, item, where, spelling, mistakes) is not None:
                found.append(Approval())
        elif kind == "Check":
            check = parse_gate_check(item, where, spelling, mistakes, keys)
            found += [check] if check is not None else []
        else:
            message = f"bad gate `{kind}` (expected {', '.join(_GATES)}).{did_you_mean(str(kind), _GATES)}"
            mistakes.append(Mistake(where, message))
    return tuple(found)
