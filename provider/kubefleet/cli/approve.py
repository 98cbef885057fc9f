"""`kubefleet approve`: lets a stage of a rollout begin that waits for an approval."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kubefleet.cli._stack import HERE, FolderOption, StackOption, exit_with, read_fleets, run_pulumi
from kubefleet.model.gate import approval_of

KEY = "kubefleet:approvals"


def approve(
    placement: Annotated[str, typer.Argument(help="The placement.")],
    stage: Annotated[str, typer.Argument(help="Its stage.")],
    stack: StackOption = "",
    cwd: FolderOption = HERE,
    show: Annotated[bool, typer.Option("--print", help="Only print the command, for CI or a commit.")] = False,
) -> None:
    """Approve the revision that a stage is held at, in the stack's configuration. The next `pulumi up` goes on."""
    stages = {
        (name, str(outputs["stage"])): outputs
        for fleet in read_fleets(cwd, stack)
        for name, kind, outputs in fleet.phases
        if kind == "Stage" and "stage" in outputs
    }
    if (placement, stage) not in stages:
        known = ", ".join(" ".join(names) for names in sorted(stages)) or "no placement has any"
        exit_with(f"no stage `{stage}` of `{placement}` (expected one of: {known}).")
    word = approval_of(placement, stage, str(stages[placement, stage]["revision"]))
    given = _given(cwd, stack)
    same = [at for at, other in enumerate(given) if other.partition("@")[0] == word.partition("@")[0]]
    path = f"{KEY}[{same[0] if same else len(given)}]"
    command = ["config", "set", "--path", path, word]
    if show:
        typer.echo(" ".join(["pulumi", *(f"'{part}'" if "[" in part else part for part in command)]))
        return
    run_pulumi(cwd, stack, *command)
    typer.echo(f"approved: {word}")


def _given(cwd: Path, stack: str) -> list[str]:
    found = run_pulumi(cwd, stack, "config", "--json")
    value = (json.loads(found) or {}).get(KEY) or {}
    listed = value.get("objectValue")
    return [str(item) for item in listed] if isinstance(listed, list) else []
