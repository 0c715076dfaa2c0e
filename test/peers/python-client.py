"""A client on Debian's python3-websockets: /usr/bin/python3 python-client.py ws://host:port

For python-server.py. Checks the echo of several sizes, fragments both ways, pings both ways, and close code
4001 with a reason both ways. Prints {"ok", "echoed", "extensions", "serverClose", "clientClose"}.
"""

import asyncio
import json
import os
import sys

import websockets

SECONDS = 20


async def check(base):
    sizes = [0, 1, 125, 126, 65535, 65536, 300000]
    async with websockets.connect(f"{base}/echo", max_size=64 << 20) as socket:
        extensions = socket.response_headers.get("Sec-WebSocket-Extensions", "")
        for size in sizes:
            for message in ("x" * size, os.urandom(size)):
                await socket.send(message)
                assert await socket.recv() == message, f"the echo of {size} differs"
        await socket.send(["gr", "ü", "", "ße"])
        assert await socket.recv() == "grüße", "text in fragments differs"
        await socket.send([b"\x00", b"\x01\x02", b"\x03"])
        assert await socket.recv() == b"\x00\x01\x02\x03", "binary in fragments differs"
        await asyncio.wait_for(await socket.ping(b"hello"), 5)
        await socket.close(4001, "said the client")
        client_close = [socket.close_code, socket.close_reason]

    async with websockets.connect(f"{base}/fragments") as socket:
        assert await socket.recv() == "grüße", "the server's fragments differ"
        assert await socket.recv() == b"\x00\x01\x02\x03", "the server's fragments differ"

    async with websockets.connect(f"{base}/ping") as socket:
        assert await socket.recv() == "pong", "the server's ping had no answer"

    async with websockets.connect(f"{base}/close") as socket:
        await socket.wait_closed()
        server_close = [socket.close_code, socket.close_reason]

    return {
        "ok": server_close == [4001, "said the server"] and client_close[0] == 4001,
        "echoed": 2 * len(sizes),
        "extensions": extensions,
        "serverClose": server_close,
        "clientClose": client_close,
    }


async def main():
    try:
        result = await asyncio.wait_for(check(sys.argv[1].rstrip("/")), SECONDS)
    except Exception as error:  # whatever it was, the test wants to read it
        result = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


asyncio.run(main())
