"""Federation: the short-lived identities under which a fleet reads and writes at its members.

Nobody applies anything as an admin. A *role* says who acts at a member (the reader, the one that hands out rights, or
one placement), a *mode* where the member's trust in that role comes from and what a request shows for it.
"""

from kubefleet.federation.modes import MODES, make_mode
from kubefleet.federation.role import READER, RIGHTS, Role, placement_role
from kubefleet.federation.token import Token

__all__ = ["MODES", "READER", "RIGHTS", "Role", "Token", "make_mode", "placement_role"]
