"""`Join`: what an admin of a member applies once, so that the fleet may apply its placements there as no admin."""

from typing import Any

from kubefleet.model.phase import Phase
from kubefleet.resources import _engine
from kubefleet.resources._adapter import Adapter, Props

_COMPARED = ("access", "identity", "uid", "authentication_config")


class JoinProvider(Adapter):
    """Inputs: `fleet, member, access, identity`; outputs: the inputs, `phase` and `reason`."""

    def identity(self, news: Props) -> str:
        """`<fleet>/<member>`."""
        return f"{news['fleet']}/{news['member']}"

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Says who is needed for it, where there is anything to do."""
        news = {key: value for key, value in news.items() if key not in ("phase", "reason")}
        if any(olds.get(key) != news.get(key) for key in _COMPARED):
            _engine.show(f"{news['member']} joins: this once an admin of the cluster is needed")
        return news, []

    def changed(self, olds: Props, news: Props) -> bool:
        """True when it would join in another way, or the last run did not come to its end."""
        return olds.get("phase") != Phase.COMPLETE or any(olds.get(key) != news.get(key) for key in _COMPARED)

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Apply it; what is already so is not written."""
        from kubefleet.kube import MemberError
        from kubefleet.resources._joining import join

        try:
            written = join(news)
        except MemberError as error:
            return _outputs(news, Phase.FAILED, str(error))
        _engine.show(f"{news['member']} has joined: {written} objects", ephemeral=False)
        return _outputs(news, Phase.COMPLETE, "")

    def removed(self, props: Props) -> None:
        """Take back what the join has applied, last first. Placements are gone by then."""
        from kubefleet.kube import MemberError
        from kubefleet.resources._joining import leave

        try:
            leave(props)
        except MemberError as error:
            raise _engine.OneLine(f"{props['member']} has not left: {error}") from error


def _outputs(news: Props, phase: Phase, reason: str) -> dict[str, Any]:
    return {**news, "phase": phase.value, "reason": reason}
