"""The service behind every router of the bench: answers each request with the same JSON, in a process of its own."""

import asyncio
import json
import sys
from typing import cast

import uvloop

MARK = b"made upstream"
_PARTS = [{"id": f"{n:024x}", "name": f"Part {n}", "count": n, "archived": False} for n in range(6)]
BODY = json.dumps({"id": "7", "name": MARK.decode(), "note": "x" * 80, "parts": _PARTS}, separators=(",", ":")).encode()
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Upstream(asyncio.Protocol):
    """Counts the ends of heads: the bench sends no bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller comes."""
        self._transport = cast("asyncio.Transport", transport)
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """One answer for each request."""
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        if heads:
            self._transport.write(_ANSWER * len(heads))


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
