"""What the resources of one command share in memory: one plugin process serves a whole preview or a whole update."""

import threading
from collections.abc import Mapping
from typing import Any

manifests: dict[str, Mapping[str, Any]] = {}
"""Placement uid -> manifests, put there by `Ownership.check`; secrets in it are in clear, so it never leaves memory."""

unreachable: dict[str, str] = {}
"""Member -> why, for those that a check of this process found unreachable: they are not asked again."""

lock = threading.Lock()
