"""A client of PostgreSQL that keeps every byte it is sent, as it came out of TLS. Enter at `Client`.

It knows no types and no values: what a reply means is for whoever reads the bytes.
"""

import socket
import ssl
import struct

TLS = 80877103
VERSION = 196608
SECONDS = 20

SIMPLE, TEXT, BINARY = "simple", "text", "binary"
WAYS = (SIMPLE, TEXT, BINARY)


class Lost(Exception):
    """The connection is gone, or says what the protocol does not have here."""


class Heard:
    """What came in answer to one message of the client, or to one pipeline."""

    def __init__(self):
        self.messages = []

    @property
    def raw(self):
        return b"".join(kind + struct.pack("!i", len(body) + 4) + body for kind, body in self.messages)

    def errors(self):
        return [fields(body) for kind, body in self.messages if kind == b"E"]

    def rows(self):
        """The cells of every row, and what COPY sent, as bytes."""
        cells = []
        for kind, body in self.messages:
            if kind == b"D":
                cells += row(body)
            elif kind == b"d":
                cells.append(body)
        return cells

    def state(self):
        """Of the transaction, where the server awaits the next command."""
        kind, body = self.messages[-1]
        return body.decode() if kind == b"Z" else None


def fields(body):
    parts = body.split(b"\0")
    return {part[:1].decode(): part[1:].decode(errors="replace") for part in parts if part}


def row(body):
    (count,) = struct.unpack_from("!H", body)
    at, cells = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        if length >= 0:
            cells.append(body[at : at + length])
            at += length
    if at != len(body):
        raise Lost("a row with more in it than its cells")
    return cells


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


class Client:
    """One connection. Where there is no certificate it goes in plain text."""

    def __init__(self, port, database, user, password, certificate=None):
        self.socket = socket.create_connection(("localhost", port), SECONDS)
        self.waiting = b""
        if certificate:
            self.socket.sendall(struct.pack("!ii", 8, TLS))
            if self.socket.recv(1) != b"S":
                raise Lost("it has no TLS")
            context = ssl.create_default_context(cafile=str(certificate))
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        settings = {"user": user, "database": database, "client_encoding": "UTF8", "application_name": "client"}
        told = b"".join(part.encode() + b"\0" for pair in settings.items() for part in pair) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(told) + 8, VERSION) + told)
        while True:
            kind, body = self._message()
            if kind == b"R" and struct.unpack_from("!i", body) == (3,):
                self.socket.sendall(message(b"p", password.encode() + b"\0"))
            elif kind == b"E":
                raise Lost(fields(body).get("M"))
            elif kind == b"Z":
                break

    def ask(self, text, way=SIMPLE, copied=None):
        """Sends one statement, and what it copies where it asks for that. Ends with what ends the answer."""
        heard = Heard()
        if way == SIMPLE:
            self.socket.sendall(message(b"Q", text.encode() + b"\0"))
        else:
            formats = struct.pack("!HHHh", 0, 0, 1, 1 if way == BINARY else 0)
            sent = message(b"P", b"\0" + text.encode() + b"\0\0\0") + message(b"B", b"\0\0" + formats)
            sent += message(b"D", b"P\0") + message(b"E", b"\0\0\0\0\0")
            self.socket.sendall(sent + message(b"H" if copied else b"S"))
        while True:
            kind, body = self._message()
            heard.messages.append((kind, body))
            synced = way == SIMPLE or not copied
            if kind == b"G":
                lines = message(b"d", copied.encode()) if copied else b""
                self.socket.sendall(lines + message(b"c") + (b"" if way == SIMPLE else message(b"S")))
                copied = None
            elif kind == b"E" and not synced:
                self.socket.sendall(message(b"S"))
                copied = None
            elif kind == b"Z":
                return heard

    def _message(self):
        head = self._read(5)
        (length,) = struct.unpack("!i", head[1:])
        if not 4 <= length < 1 << 28:
            raise Lost(f"a message of {length} bytes")
        return head[:1], self._read(length - 4)

    def _read(self, count):
        while len(self.waiting) < count:
            try:
                come = self.socket.recv(65536)
            except OSError as error:
                raise Lost(f"nothing comes: {error}") from None
            if not come:
                raise Lost("it has hung up")
            self.waiting += come
        read, self.waiting = self.waiting[:count], self.waiting[count:]
        return read

    def close(self):
        self.socket.close()
