"""Orders to a running lab: one JSON line each way over a socket in its folder, which only its owner can open."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from kubefleet.lab.failure import LabError, NotRunning

Order = dict[str, Any]
Handler = Callable[[Order], Awaitable[Any]]


@asynccontextmanager
async def listen(path: Path, handle: Handler) -> AsyncIterator[None]:
    """Answer orders with what `handle` returns or, if it raises LabError, with that text."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if line := await reader.readline():
                writer.write(json.dumps(await _outcome(json.loads(line), handle)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass  # who asked did not wait for the answer
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    with _short(path) as short:
        server = await asyncio.start_unix_server(answer, short)
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()


async def _outcome(order: Order, handle: Handler) -> Order:
    try:
        return {"result": await handle(order)}
    except LabError as error:
        return {"error": str(error)}


def ask(path: Path, order: Order, timeout: float) -> Any:
    """Send an order and return the answer.

    Raises:
        NotRunning: nobody listens there, or it ended meanwhile.
        LabError: the order failed, or there was no answer in `timeout` seconds.
    """
    try:
        line = _exchange(path, json.dumps(order).encode() + b"\n", timeout)
    except (FileNotFoundError, ConnectionError) as error:
        raise NotRunning(f"no lab runs in `{path.parent}`. Start one with `kubefleet lab up`.") from error
    except OSError as error:
        raise LabError(
            f"asking the lab in `{path.parent}` failed: {error} (expected an answer within {timeout:g} s). "
            "End it with `kubefleet lab down`, or kill its supervisor."
        ) from error
    if not line:
        raise NotRunning(f"the lab in `{path.parent}` ended before it answered. Start it with `kubefleet lab up`.")
    answer = json.loads(line)
    if "error" in answer:
        raise LabError(answer["error"])
    return answer["result"]


def _exchange(path: Path, line: bytes, timeout: float) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection, _short(path) as short:
        connection.settimeout(timeout)
        connection.connect(short)
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            return answers.readline()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Another name of `path` that fits into the 108 bytes of a socket's address, however deep the folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
