"""As much of the protocol as it takes to log in, ask, and count what comes back without looking at it.

A driver would cost more than what it measures, and hold a whole result in memory. Enter at `connect` and `drain`.
"""

import contextlib
import socket
import ssl
import struct

from contenders import DATABASE

STARTUP, SSL_REQUEST = 196608, 80877103
# a ReadyForQuery of a session in no transaction: the end of what a statement returns
READY = b"Z\x00\x00\x00\x05I"
AT_ONCE = 256 << 10


class Refused(Exception):
    """The other side said no, in these words."""


def trusting(certificate):
    return ssl.create_default_context(cafile=certificate)


def startup(user):
    words = f"user\0{user}\0database\0{DATABASE}\0application_name\0bench\0\0".encode()
    return struct.pack("!II", len(words) + 8, STARTUP) + words


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def query(text):
    return message(b"Q", text.encode() + b"\0")


def connect(contender):
    """An open session on one's way."""
    connection = socket.create_connection(("127.0.0.1", contender.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if contender.tls:
        connection.sendall(struct.pack("!II", 8, SSL_REQUEST))
        if connection.recv(1) != b"S":
            raise Refused("no TLS")
        connection = trusting(contender.certificate).wrap_socket(connection, server_hostname="localhost")
    connection.sendall(startup(contender.user))
    said = bytearray()
    while not said.endswith(READY):
        got = connection.recv(AT_ONCE)
        if not got:
            raise Refused(said.decode(errors="replace"))
        said += got
        if answer := asked_for(said, contender.password):
            connection.sendall(answer)
            said.clear()
    return connection


def asked_for(said, password):
    """What to answer, where the other side asks for a password in clear text; nothing where it asks for none."""
    if said[:1] == b"E":
        raise Refused(said.decode(errors="replace"))
    if said == message(b"R", struct.pack("!I", 3)):
        return message(b"p", password.encode() + b"\0")
    return None


def drain(connection, text):
    """Sends a query, and tells how many bytes came back."""
    connection.sendall(query(text))
    buffer, came, end = memoryview(bytearray(AT_ONCE)), 0, b""
    first = None
    while True:
        got = connection.recv_into(buffer)
        if not got:
            raise Refused("the connection ended within a result")
        first = first or bytes(buffer[: min(got, 400)])
        came += got
        end = (end + bytes(buffer[max(0, got - len(READY)) : got]))[-len(READY) :]
        if end == READY:
            break
    if first[:1] == b"E":
        raise Refused(first.replace(b"\0", b" ").decode(errors="replace"))
    return came


@contextlib.contextmanager
def session(contender):
    connection = connect(contender)
    try:
        yield connection
    finally:
        with contextlib.suppress(OSError):
            connection.sendall(message(b"X", b""))
        connection.close()
