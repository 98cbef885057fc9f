"""What a token says of itself, which nobody has verified: the server that it is shown to does."""

from collections.abc import Mapping
from typing import Any


def claims_of(value: str) -> Mapping[str, Any]:
    """The claims of a token. Raises ValueError, without the value, where it is no JWT."""
    # Not needed before somebody shows a token.
    import jwt

    try:
        claims: Mapping[str, Any] = jwt.decode(value, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise ValueError("not a token (expected a JWT)") from None
    return claims
