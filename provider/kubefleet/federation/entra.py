"""What Entra's refusals mean, for whoever has to mend them."""

import re
from typing import Final

from kubefleet.federation.role import Role

_CODE: Final = re.compile(r"AADSTS\d+")
_TOKEN_LIKE: Final = re.compile(r"\beyJ[\w.-]+")
_MEANING: Final = {
    # https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    "AADSTS70021": "no federated credential of the application matches. Add one with the hub's issuer and this subject",
    "AADSTS700213": "no federated credential has this subject. Add one to the application",
    "AADSTS700212": "no federated credential has this audience. It must be `api://AzureADTokenExchange`",
    "AADSTS700211": "no federated credential has this issuer. It must be the hub's, to the letter",
    "AADSTS50166": "Entra cannot reach the hub's issuer. Its discovery documents must be public",
    "AADSTS50027": "Entra cannot verify the hub's token. Have the hub's keys changed a moment ago?",
    "AADSTS700024": "the hub's token is not valid now. Are the clocks right?",
    "AADSTS700016": "no such application in this tenant. Are `client_id` and `tenant_id` right?",
    "AADSTS90002": "no such tenant. Is `tenant_id` right?",
    "AADSTS65001": "the application has no consent for this scope. Grant it",
}


def explain_entra(said: str, role: Role) -> str:
    """One line for an error of Entra's library: the code, what it means, and no token."""
    line = _TOKEN_LIKE.sub("(hidden)", " ".join(said.split()))
    code = _CODE.search(line)
    if code is None:
        return f"no token for {role.words} from Entra: {line[:200]}"
    meaning = _MEANING.get(code[0], line[:200])
    return f"no token for {role.words} from Entra: {code[0]}: {meaning}"
