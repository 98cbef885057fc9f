"""`Join`: what an admin of a member applies once, so that the fleet may apply its placements there as no admin."""

from kubefleet.resources import _engine
from kubefleet.resources._adapter import Props
from kubefleet.resources._prepared import Prepared

_OF_NO_INPUT = ("schema", "member", "mistakes")


class JoinProvider(Prepared):
    """Inputs: `member, access, identity`, and `fleet` in the fleet's own stack; in an admin's own there are `operators`
    instead, and `mistakes` that the program has found. Outputs: the inputs, `phase`, `reason`, and `cluster_uid`.
    """

    compared = ("access", "identity", "operators", "uid", "authentication_config")

    def identity(self, news: Props) -> str:
        """`<fleet>/<member>`; the member's name alone in a stack of its admin's own."""
        return f"{news['fleet']}/{news['member']}" if "fleet" in news else str(news["member"])

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Says who is needed for it, where there is anything to do. Fleets are checked by their `Schedule`."""
        inputs, told = super().checked(olds, news)
        if "fleet" not in inputs:
            told += _mistakes(inputs)
            inputs.pop("mistakes", None)
        if not told and self.differs(olds, inputs):
            _engine.show(f"{news['member']} joins: this once an admin of the cluster is needed")
        return inputs, told

    def prepare(self, olds: Props, news: Props, found: Props) -> None:
        """Apply it."""
        from kubefleet.resources._federation import uid_of
        from kubefleet.resources._joining import join

        found["cluster_uid"] = uid_of(news)
        written = join(news)
        _engine.show(f"{news['member']} has joined: {written} objects", ephemeral=False)

    def take_back(self, props: Props) -> None:
        """Remove what the join has applied, last first. Placements are gone by then."""
        from kubefleet.resources._joining import leave

        leave(props)

    def left(self, props: Props) -> str:
        """See `Prepared`."""
        return f"{props['member']} has not left"


def _mistakes(news: Props) -> list[str]:
    """All of them; what is not known yet is not looked at before it is."""
    from kubefleet.resources.ownership import has_unknown
    from kubefleet.spec.member_join import check_member_join
    from kubefleet.spec.mistakes import Mistake, beside

    told = [Mistake(item["path"], item["message"], item["where"]) for item in news.get("mistakes") or ()]
    found: list[Mistake] = []
    raw = {key: value for key, value in news.items() if key not in _OF_NO_INPUT}
    if not has_unknown(raw):
        check_member_join(news["member"], raw, found)
    # Of what is a secret nothing else may be said.
    return [str(mistake) for mistake in (*told, *beside(found, (item.path for item in told)))]
