"""`Join`: what an admin of a member applies once, so that the fleet may apply its placements there as no admin."""

from kubefleet.resources import _engine
from kubefleet.resources._adapter import Props
from kubefleet.resources._prepared import Prepared


class JoinProvider(Prepared):
    """Inputs: `fleet, member, access, identity`; outputs: the inputs, `phase` and `reason`."""

    compared = ("access", "identity", "uid", "authentication_config")

    def identity(self, news: Props) -> str:
        """`<fleet>/<member>`."""
        return f"{news['fleet']}/{news['member']}"

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Says who is needed for it, where there is anything to do."""
        if self.differs(olds, news):
            _engine.show(f"{news['member']} joins: this once an admin of the cluster is needed")
        return super().checked(olds, news)

    def prepare(self, olds: Props, news: Props, found: Props) -> None:
        """Apply it."""
        from kubefleet.resources._joining import join

        written = join(news)
        _engine.show(f"{news['member']} has joined: {written} objects", ephemeral=False)

    def take_back(self, props: Props) -> None:
        """Remove what the join has applied, last first. Placements are gone by then."""
        from kubefleet.resources._joining import leave

        leave(props)

    def left(self, props: Props) -> str:
        """See `Prepared`."""
        return f"{props['member']} has not left"
