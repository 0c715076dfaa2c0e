"""A server that is too busy to accept: /usr/bin/python3 full-server.py

Its queue is full, so the system drops what would connect, as a machine does that has vanished.
"""

import json
import socket
import sys

QUEUE = 0
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(QUEUE)

fillers = []
for _ in range(QUEUE + 4):  # Linux holds one more than it was told
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(server.getsockname())
    fillers.append(filler)

print(json.dumps({"port": server.getsockname()[1]}), flush=True)
sys.stdin.read()
