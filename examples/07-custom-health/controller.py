"""Plays the controller of Widgets until it is stopped: `python controller.py eu-1 eu-2 us-1 [--phase Pending]`."""

import argparse
import json
import subprocess
import time
from typing import Any


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("contexts", nargs="+")
    arguments.add_argument("--phase", default="Running")
    given = arguments.parse_args()
    while True:
        for context in given.contexts:
            for widget in json.loads(kubectl(context, "get", "widgets.example.com", "-A", "-o", "json") or "{}").get(
                "items", []
            ):
                reconcile(context, widget, given.phase)
        time.sleep(0.3)


def reconcile(context: str, widget: dict[str, Any], phase: str) -> None:
    """Write the status that this Widget should have, if it has another."""
    metadata = widget["metadata"]
    status = {
        "observedGeneration": metadata["generation"],
        "phase": phase,
        "replicas": widget["spec"]["replicas"],
        "address": f"{metadata['name']}.{context}.example.com",
        "parts": [{"name": "left"}, {"name": "right"}],
    }
    if widget.get("status") != status:
        patch = ["--subresource=status", "--type=merge", "--patch", json.dumps({"status": status})]
        kubectl(context, "patch", "widgets.example.com", metadata["name"], "-n", metadata["namespace"], *patch)


def kubectl(context: str, *arguments: str) -> str:
    """What it prints; nothing where it fails, as before the Widgets' definition is there."""
    command = ["kubectl", f"--context={context}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    main()
