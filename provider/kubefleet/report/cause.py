"""Why something moves, in words."""

from kubefleet.model.decision import MoveReason


def cause(reason: MoveReason, why: str) -> str:
    """`tainted NoExecute maintenance`."""
    return " ".join(part for part in (_CAUSES[reason], why) if part)


_CAUSES = {
    MoveReason.TAINT_NO_EXECUTE: "tainted NoExecute",
    MoveReason.LEAVING: "leaving:",
    MoveReason.DRAINED: "drained",
    MoveReason.POLICY_EDITED: "refused by the edited policy:",
    MoveReason.REBALANCE: "rebalanced",
    MoveReason.DESCHEDULER: "descheduled:",
    MoveReason.FAILOVER: "failed over:",
}
