"""What must be there before a fleet acts: applied again when it is to be otherwise, or did not come to its end."""

from typing import Any, ClassVar

from kubefleet.model.phase import Phase
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Adapter, Props

_COMPUTED = ("phase", "reason", "made", "cluster_uid")


class Prepared(Adapter):
    """Base of `Hub` and `Join`. Outputs: the inputs, `phase` and `reason`. `compared` are the inputs that decide."""

    compared: ClassVar[tuple[str, ...]]

    def prepare(self, olds: Props, news: Props, found: Props) -> None:
        """Have everything there, and put into `found` what the outputs are to say beside (olds = old outputs, maybe
        empty); what is in it when something fails is kept. Raises MemberError.
        """
        raise NotImplementedError  # pragma: no cover - both have one

    def take_back(self, props: Props) -> None:
        """Have nothing of it there. Raises MemberError."""
        raise NotImplementedError  # pragma: no cover - both have one

    def left(self, props: Props) -> str:
        """What is so where it cannot be taken back."""
        raise NotImplementedError  # pragma: no cover - both have one

    def differs(self, olds: Props, news: Props) -> bool:
        """Whether it is to be otherwise than it was."""
        return any(olds.get(key) != news.get(key) for key in self.compared)

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Without what is computed."""
        return {key: value for key, value in news.items() if key not in _COMPUTED}, []

    def changed(self, olds: Props, news: Props) -> bool:
        """True when it is to be otherwise, or the last run did not come to its end."""
        return olds.get("phase") != Phase.COMPLETE or self.differs(olds, news)

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Do it; what is already so is not written."""
        from kubefleet.kube import MemberError

        found: Props = {}
        try:
            self.prepare(olds or {}, news, found)
        except MemberError as error:
            return {**news, **found, **_ended(Phase.FAILED, str(error))}
        return {**news, **found, **_ended(Phase.COMPLETE, "")}

    def removed(self, props: Props) -> None:
        """Take it back."""
        from kubefleet.kube import MemberError

        try:
            self.take_back(props)
        except MemberError as error:
            raise _engine.OneLine(f"{self.left(props)}: {error}") from error


def _ended(phase: Phase, reason: str) -> dict[str, Any]:
    return {"phase": phase.value, "reason": reason}
