"""A server on Debian's python3-websockets: /usr/bin/python3 python-server.py [--port=N]

Echoes by default. By path: /close closes with 4001; /fragments sends one text and one binary message in
pieces; /ping sends a ping, and the text "pong" when its answer came. Reports {"event":"close",…} lines.
"""

import argparse
import asyncio
import json
import sys

import websockets


def report(value):
    print(json.dumps(value), flush=True)


async def serve(socket):
    if socket.path == "/close":
        await socket.close(4001, "said the server")
    elif socket.path == "/fragments":
        await socket.send(["grü", "ß", "", "e"])
        await socket.send([b"\x00\x01", b"\x02", b"\x03"])
    elif socket.path == "/ping":
        await asyncio.wait_for(await socket.ping(b"are you there"), 5)
        await socket.send("pong")
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosedError:
        pass  # reported below like every other end
    report(
        {
            "event": "close",
            "path": socket.path,
            "code": socket.close_code,
            "reason": socket.close_reason,
        }
    )


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    port = parser.parse_args().port
    stdin_closed = asyncio.Event()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )

    async def watch_stdin():
        await reader.read()
        stdin_closed.set()

    watcher = asyncio.create_task(watch_stdin())
    async with websockets.serve(serve, "127.0.0.1", port, max_size=64 << 20) as server:
        report({"port": server.sockets[0].getsockname()[1]})
        await stdin_closed.wait()
    await watcher


asyncio.run(main())
