"""Sends its input to a port, and writes what comes back but for the greeting."""

import socket
import sys
import threading

sent = sys.stdin.buffer.read()
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30) as connection:
    with connection.makefile("rb") as came:
        came.readline()
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        sys.stdout.buffer.write(came.read(len(sent)))
