"""Sessions that were opened, asked one thing, and sit there: what each takes up.

Ten thousand of them need a target that can hold as many; a pool in front of the server does. Enter at `measure`.
"""

import asyncio
import struct

import machine
import wire

AT_ONCE = 8
WARM = 16
# for whatever is given back late
REST = 1


def measure(contender, sessions):
    """Bytes of memory that a proxy has for each session."""
    # what is taken once, whoever comes, is not any session's
    asyncio.run(_grown(contender, WARM))
    return asyncio.run(_grown(contender, sessions)) / sessions


async def _grown(contender, sessions):
    before = machine.resident(contender.pids)
    turns = asyncio.Semaphore(AT_ONCE)
    trusted = wire.trusting(contender.certificate) if contender.tls else None

    async def one():
        async with turns:
            return await _open(contender, trusted)

    opened = await asyncio.gather(*(one() for _ in range(sessions)))
    await asyncio.sleep(REST)
    grown = machine.resident(contender.pids) - before
    for _reader, writer in opened:
        writer.write(wire.message(b"X", b""))
        writer.close()
    await asyncio.sleep(REST)
    return grown


async def _open(contender, trusted):
    reader, writer = await asyncio.open_connection("127.0.0.1", contender.port, limit=1 << 14)
    if trusted:
        writer.write(struct.pack("!II", 8, wire.SSL_REQUEST))
        if await reader.readexactly(1) != b"S":
            raise wire.Refused("no TLS")
        await writer.start_tls(trusted, server_hostname="localhost")
    writer.write(wire.startup(contender.user))
    await _until_ready(reader, writer, contender.password)
    writer.write(wire.query("SELECT 1"))
    await _until_ready(reader, writer, contender.password)
    return reader, writer


async def _until_ready(reader, writer, password):
    said = b""
    while not said.endswith(wire.READY):
        got = await reader.read(1 << 14)
        if not got:
            raise wire.Refused(said.decode(errors="replace"))
        said += got
        if answer := wire.asked_for(said, password):
            writer.write(answer)
            said = b""
