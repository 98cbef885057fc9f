"""What a program says of the identities under which its fleet acts."""

from dataclasses import dataclass

from kubefleet.identity.ceiling import Ceiling


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """`mode` is where members' trust comes from, `ceiling` what placements may have at most, `seconds` how long a
    token lives.
    """

    mode: str
    ceiling: Ceiling
    seconds: int
