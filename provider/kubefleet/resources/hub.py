"""`Hub`: what a fleet as a whole has on its hub: the accounts of its reader, and of the one that hands out rights."""

from kubefleet.resources._adapter import Props
from kubefleet.resources._prepared import Prepared


class HubProvider(Prepared):
    """Inputs: `fleet, identity`; outputs: the inputs, `phase` and `reason`."""

    compared = ("identity",)

    def identity(self, news: Props) -> str:
        """The fleet's name."""
        return str(news["fleet"])

    def prepare(self, news: Props) -> None:
        """Have the accounts there."""
        from kubefleet.resources._accounts import keep_accounts

        keep_accounts(news)

    def take_back(self, props: Props) -> None:
        """Remove them: members do not know them any more."""
        from kubefleet.resources._accounts import remove_accounts

        remove_accounts(props)

    def left(self, props: Props) -> str:
        """See `Prepared`."""
        return "the hub still has accounts of the fleet"
