"""The TCP proxy in front of each API server, in which connections are delayed, cut or swallowed."""

import asyncio
import socket
import struct
from collections import deque
from enum import StrEnum
from typing import cast

from kubefleet.lab.commands import LOOPBACK

# Linger for zero seconds: closing sends a reset, as a router does that cuts a connection.
_RESET = struct.pack("ii", 1, 0)


class Way(StrEnum):
    """What happens to connections."""

    OPEN = "open"
    CUT = "cut"
    BLACKHOLE = "blackhole"


class Front:
    """Listens on `port` of the loopback address and passes everything on to `target`, another port there."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self.way = Way.OPEN
        self.delay_milliseconds = 0
        self.sides: set[_Side] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, unless it does already."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Side(self), LOOPBACK, self.port)

    def refuse(self) -> None:
        """Stop listening, as a server that is down does not; connections that are made stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self) -> None:
        """Stop listening and drop all connections."""
        self.refuse()
        for side in tuple(self.sides):
            side.transport.abort()

    def delay(self, milliseconds: int) -> None:
        """Hold everything up by so much in each direction; order and throughput stay."""
        self.delay_milliseconds = milliseconds

    def cut(self) -> None:
        """Reset all connections, and each new one as soon as it is made."""
        self.way = Way.CUT
        for side in tuple(self.sides):
            side.reset()

    def blackhole(self) -> None:
        """Swallow everything: connections stay, new ones are made, and nothing comes through."""
        self.way = Way.BLACKHOLE
        for side in self.sides:
            side.transport.pause_reading()

    def heal(self) -> None:
        """Undo all of these; what was held in a blackhole comes through, as what is sent again after a partition."""
        self.way, self.delay_milliseconds = Way.OPEN, 0
        for side in tuple(self.sides):
            side.heal()


class _Side(asyncio.Protocol):
    """One half of a passed-on connection: what it receives, its peer sends."""

    transport: asyncio.Transport

    def __init__(self, front: Front, peer: "_Side | None" = None) -> None:
        self._front = front
        self._peer = peer
        self._is_client = peer is None
        self._late: deque[tuple[float, bytes]] = deque()
        self._dialling: asyncio.Task[None] | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._front.sides.add(self)
        if not self._is_client:
            return
        self.transport.pause_reading()
        if self._front.way is Way.CUT:
            self.reset()
        elif self._front.way is Way.OPEN:
            self._dial()

    def _dial(self) -> None:
        self._dialling = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            _, self._peer = await loop.create_connection(lambda: _Side(self._front, self), LOOPBACK, self._front.target)
        except OSError:
            self.reset()  # it has ended unasked: the nearest to a refused connection that is left
            return
        if self._front.way is Way.OPEN:
            self.transport.resume_reading()

    def heal(self) -> None:
        """Read on, and dial if the connection was made while nothing came through."""
        if self._is_client and self._dialling is None:
            self._dial()
        elif self._peer is not None:
            self.transport.resume_reading()
            self._flush()
            # The other side may have ended meanwhile, and is not among the sides any more.
            self._peer._flush()

    def reset(self) -> None:
        """Close at once with a reset."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._front.delay_milliseconds / 1000
        # Nothing overtakes what was held up before the delay was taken away.
        due = max(due, self._late[-1][0]) if self._late else due
        self._late.append((due, data))
        if self._front.delay_milliseconds or len(self._late) > 1:
            loop.call_at(due, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        """Hand on what is due. Nothing in a blackhole: what is held stays."""
        peer, now = self._peer, asyncio.get_running_loop().time()
        if peer is None or self._front.way is not Way.OPEN:
            return
        while self._late and self._late[0][0] <= now + 0.001:
            peer.transport.write(self._late.popleft()[1])
        if self._ended and not self._late:
            peer.transport.close()

    def pause_writing(self) -> None:
        if self._peer is not None and not self._peer.transport.is_closing():
            self._peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._peer is not None and self._front.way is Way.OPEN and not self._peer.transport.is_closing():
            self._peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.sides.discard(self)
        if self._dialling is not None:
            self._dialling.cancel()
        self._ended = True
        if self._peer is None:
            return
        if isinstance(exc, ConnectionError):
            self._peer.transport.abort()
        else:
            self._flush()
