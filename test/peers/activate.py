"""Starts a program with sockets that listen already, as systemd does (sd_listen_fds(3)).

activate.py NAME=PLACE… -- PROGRAM ARGUMENT…, where a place is the path of a Unix socket, or an address and
a port as 127.0.0.1:0. Prints {"ports":[…]} first, with 0 for paths; is the program when a line comes.
"""

import fcntl
import json
import os
import socket
import sys

split = sys.argv.index("--")
names, sockets = [], []
for argument in sys.argv[1:split]:
    name, place = argument.split("=", 1)
    if place.startswith("/"):
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(place)
    else:
        address, port = place.rsplit(":", 1)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.socket(family)
        listening.bind((address, int(port)))
    listening.listen()
    names.append(name)
    sockets.append(listening)

ports = [0 if s.family == socket.AF_UNIX else s.getsockname()[1] for s in sockets]
print(json.dumps({"ports": ports}), flush=True)
sys.stdin.readline()

# Out of the way first: one of them may have the number that another is to get.
for index, copy in enumerate([fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, 100) for s in sockets]):
    os.dup2(copy, 3 + index, inheritable=True)

os.environ.update(
    LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=":".join(names)
)
os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])
