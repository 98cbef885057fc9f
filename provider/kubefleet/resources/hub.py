"""`Hub`: what a fleet as a whole has on its hub: the accounts of its reader, and of the one that hands out rights."""

from kubefleet.resources._adapter import Props
from kubefleet.resources._prepared import Prepared


class HubProvider(Prepared):
    """Inputs: `fleet, identity`; outputs: the inputs, `phase`, `reason`, and `made`: the accounts that were not there
    before, and that go with the fleet. Those of an admin of the hub stay.
    """

    compared = ("identity",)

    def identity(self, news: Props) -> str:
        """The fleet's name."""
        return str(news["fleet"])

    def prepare(self, olds: Props, news: Props, found: Props) -> None:
        """Have the accounts there."""
        from kubefleet.resources._accounts import keep_accounts

        found["made"] = _made(olds)
        for account in keep_accounts(news):
            found["made"] = sorted({*found["made"], account})

    def take_back(self, props: Props) -> None:
        """Remove what this fleet has made: members do not know it any more."""
        from kubefleet.resources._accounts import remove_accounts

        remove_accounts(props, _made(props))

    def left(self, props: Props) -> str:
        """See `Prepared`."""
        return "the hub still has accounts of the fleet"


def _made(props: Props) -> list[str]:
    """By what a state says that has been written already; before it said so, all of them were."""
    from kubefleet.resources._accounts import BEFORE

    before = BEFORE if props else ()
    return list(props.get("made", before))
