"""A secret Output in what a member declares is refused: how a member is reached stands in state."""

import asyncio

import pulumi
import pytest

from pulumi_kubefleet import ExecCredential
from pulumi_kubefleet._secrets import member_secrets

pytestmark = pytest.mark.fast

SECRET = "correct horse"


def test_a_secret_in_a_members_access_is_a_mistake_by_path_that_does_not_show_it() -> None:
    async def run() -> None:
        hidden = pulumi.Output.secret(SECRET)
        access = ExecCredential(
            server=hidden.apply(lambda text: f"https://{text}"),
            ca=pulumi.Output.unsecret(hidden),
            command="login",
            args=["--token", pulumi.Output.concat("x", hidden)],
            env={"TOKEN": hidden, "REGION": pulumi.Output.from_input("eu")},
        )
        mistakes = await member_secrets("eu-1", {"access": access.raw()})
        assert {mistake.path for mistake in mistakes} == {
            "members.eu-1.access.server",
            "members.eu-1.access.exec.args[1]",
            "members.eu-1.access.exec.env.TOKEN",
        }
        for mistake in mistakes:
            assert "exec plugin" in mistake.message
            assert SECRET not in str(mistake)

    asyncio.run(run())


def test_a_secret_inside_an_output_that_is_none_is_found_too() -> None:
    async def run() -> None:
        env = pulumi.Output.from_input("TOKEN").apply(lambda name: {name: pulumi.Output.secret(SECRET)})
        access = ExecCredential(server="https://x", ca="PEM", command="login", env=env)  # type: ignore[arg-type]
        (mistake,) = await member_secrets("eu-1", {"access": access.raw()})
        assert mistake.path == "members.eu-1.access.exec.env.TOKEN"

    asyncio.run(run())
