"""Somebody who speaks before he was asked. Over TLS his words can come with the last of the handshake, before the request is written."""

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path

from tests.net.wire import plain
from tests.security.test_outbound import self_signed

_CALL = """
import asyncio, sys
from toolway.errors import Unreachable
from toolway.net import Net, Request, named_addresses

async def call():
    net = Net(named_addresses(sys.argv[1:], ()))
    for once in (False, True):
        try:
            print("answered", await net.send(Request("POST", sys.argv[1], once=once)))
        except Unreachable as error:
            print(error.message)
    await net.close()

asyncio.run(call())
"""
_OFTEN = 60


async def test_who_speaks_first_is_left_alone_after_a_while(tmp_path: Path) -> None:
    context, came = self_signed(tmp_path), 0
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # here the server has the last word of the handshake

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        spoken = context.wrap_bio(into, out, server_side=True)
        part = b" "
        while part:
            try:
                spoken.do_handshake()
                spoken.write(plain(b'"stale"'))
                break
            except ssl.SSLWantReadError:
                writer.write(out.read())
                into.write(part := await reader.read(65536))
        writer.write(out.read())
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        called = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CALL, url, env={"SSL_CERT_FILE": str(tmp_path / "server.pem")}, stdout=subprocess.PIPE
        )
        said, _ = await called.communicate()
    assert said.decode().split("\n") == ["127.0.0.1 could not be reached; nothing was changed."] * 2 + [""]
    assert 2 < came <= 2 * _OFTEN
