"""`Hub`: what a fleet as a whole has on its hub: the accounts of its reader, and of the one that hands out rights."""

from typing import Any

from kubefleet.model.phase import Phase
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Adapter, Props

_COMPARED = ("identity",)


class HubProvider(Adapter):
    """Inputs: `fleet, identity`; outputs: the inputs, `phase` and `reason`."""

    def identity(self, news: Props) -> str:
        """The fleet's name."""
        return str(news["fleet"])

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Without what is computed."""
        return {key: value for key, value in news.items() if key not in ("phase", "reason")}, []

    def changed(self, olds: Props, news: Props) -> bool:
        """True when other accounts are needed, or the last run did not come to its end."""
        return olds.get("phase") != Phase.COMPLETE or any(olds.get(key) != news.get(key) for key in _COMPARED)

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Have the accounts there."""
        from kubefleet.kube import MemberError
        from kubefleet.resources._accounts import keep_accounts

        try:
            keep_accounts(news)
        except MemberError as error:
            return _outputs(news, Phase.FAILED, str(error))
        return _outputs(news, Phase.COMPLETE, "")

    def removed(self, props: Props) -> None:
        """Remove them: members do not know them any more."""
        from kubefleet.kube import MemberError
        from kubefleet.resources._accounts import remove_accounts

        try:
            remove_accounts(props)
        except MemberError as error:
            raise _engine.OneLine(f"the hub still has accounts of the fleet: {error}") from error


def _outputs(news: Props, phase: Phase, reason: str) -> dict[str, Any]:
    return {**news, "phase": phase.value, "reason": reason}
