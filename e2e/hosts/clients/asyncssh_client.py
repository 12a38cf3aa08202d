"""What programs do with asyncssh: commands, terminals, signals, files, connections. It prints what came of each."""

import asyncio
import hashlib
import os
import pathlib
import sys

import asyncssh

THERE, HERE = pathlib.Path(os.environ["THERE"]), pathlib.Path(os.environ["HERE"])


async def connected():
    keys = [os.environ["KEY"]] if os.environ["KEY"] else []
    return await asyncssh.connect(
        "host", config=[os.environ["CONFIG"]], password=os.environ["TOKEN"] or None, client_keys=keys, agent_path=None
    )


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


async def failed(what, coming):
    try:
        print(what, await asyncio.wait_for(coming, 20))
    except Exception as error:  # noqa: BLE001: which it is, is what is compared
        print(what, type(error).__name__, error)


async def commands(client):
    for command in ("echo out; echo err >&2; exit 3", "kill -KILL $$", "exec 2>&-; exit 255"):
        done = await client.run(command)
        print(command, done.exit_status, done.exit_signal, repr(done.stdout), repr(done.stderr))
    done = await client.run("cat | sha256sum", input=bytes(range(256)) * 8000, encoding=None)
    print(done.stdout)
    done = await client.run("echo $LC_ONE", env={"LC_ONE": "a value"})
    print(done.stdout)
    for many in await asyncio.gather(*(client.run(f"seq {number} 3000; exit {number}") for number in range(30))):
        print(many.exit_status, digest(many.stdout.encode()))


async def terminals(client):
    command = "stty size; read x; stty size; echo $TERM"
    async with client.create_process(command, term_type="vt100", term_size=(90, 30)) as process:
        print(await process.stdout.readline())
        process.change_terminal_size(95, 35)
        await asyncio.sleep(1)
        process.stdin.write("\n")
        print((await process.wait()).stdout)
    for send in ("TERM", "INT", "KILL", "USR1"):
        # an account that is root is sent no signals by OpenSSH's server; both ways tell the same
        process = await client.create_process("trap 'echo caught; exit 4' TERM INT USR1; echo ready; sleep 3 & wait; echo over")
        await process.stdout.readline()
        process.send_signal(send)
        done = await process.wait()
        print(send, done.exit_status, done.exit_signal, repr(done.stdout))
    process = await client.create_process("cat; echo over; sleep 0.2; exit 6")
    process.stdin.write("one\n")
    print(await process.stdout.readline())
    process.stdin.write_eof()
    done = await process.wait()
    print(done.exit_status, repr(done.stdout))


async def files(client):
    (HERE / "tree" / "deep").mkdir(parents=True)
    data = os.urandom(3_000_000)
    (HERE / "tree" / "large").write_bytes(data)
    (HERE / "tree" / "deep" / "small").write_text("small\n")
    async with client.start_sftp_client() as sftp:
        await sftp.put(HERE / "tree", THERE, recurse=True, preserve=True)
        await sftp.get(str(THERE / "tree"), HERE / "back", recurse=True)
        print((HERE / "back" / "large").read_bytes() == data)
        print(sorted(await sftp.glob(str(THERE / "tree" / "**"))))
        print(await sftp.realpath(str(THERE / "tree" / ".." / "tree")))
        await sftp.posix_rename(str(THERE / "tree" / "deep" / "small"), str(THERE / "moved"))
        await sftp.link(str(THERE / "moved"), str(THERE / "second"))
        await sftp.symlink("moved", str(THERE / "link"))
        print(await sftp.readlink(str(THERE / "link")), (await sftp.stat(str(THERE / "link"))).size)
        await sftp.chmod(str(THERE / "moved"), 0o640)
        await sftp.utime(str(THERE / "moved"), (981173106, 981173106))
        print((await sftp.statvfs(str(THERE))).namemax, await sftp.getsize(str(THERE / "moved")))
        async with sftp.open(str(THERE / "moved"), "rb+") as file:
            await file.seek(3)
            await file.write(b"LL")
            await file.fsync()
            await file.seek(0)
            print(await file.read())
        await failed("copy at the host", sftp.remote_copy(str(THERE / "moved"), str(THERE / "copied")))
        await failed("missing", sftp.stat(str(THERE / "missing")))
        await failed("not empty", sftp.rmdir(str(THERE / "tree")))
        await failed("made twice", sftp.mkdir(str(THERE / "tree")))
        await sftp.rmtree(str(THERE / "tree"))
    for name in ("tree", "back"):
        (HERE / name / "large").unlink()


async def copies(client):
    (HERE / "one").write_text("one\n")
    await asyncssh.scp(HERE / "one", (client, str(THERE / "one")), preserve=True)
    await asyncssh.scp((client, str(THERE / "one")), HERE / "two")
    await failed("missing", asyncssh.scp((client, str(THERE / "missing")), HERE))


async def connections(client):
    port, beyond = int(os.environ["PORT"]), int(os.environ["BEYOND"])
    listener = await client.forward_local_port("127.0.0.1", port, "127.0.0.1", beyond)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello\n")
    print(await reader.readexactly(14))
    writer.close()
    listener.close()
    reader, writer = await client.open_unix_connection(os.environ["SOCKET"])
    print(await reader.readexactly(8))
    writer.close()
    await failed("nobody listens", client.open_connection("127.0.0.1", 1))
    print((await client.run("echo still here")).stdout)


async def main():
    async with await connected() as client:
        for part in sys.argv[1:]:
            await globals()[part](client)


asyncio.run(main())
