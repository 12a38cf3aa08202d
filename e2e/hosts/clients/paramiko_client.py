"""What programs do with paramiko: commands, terminals, files, connections. It prints what came of each."""

import contextlib
import hashlib
import os
import pathlib
import stat
import sys
import threading
import time

import paramiko

THERE, HERE = pathlib.Path(os.environ["THERE"]), pathlib.Path(os.environ["HERE"])


def connected():
    with open(os.environ["CONFIG"], encoding="utf-8") as file:
        config = paramiko.SSHConfig.from_text(file.read()).lookup("host")
    client = paramiko.SSHClient()
    client.load_host_keys(config["userknownhostsfile"])
    key = os.environ["KEY"]
    client.connect(
        config["hostname"],
        int(config["port"]),
        config["user"],
        password=os.environ["TOKEN"] or None,
        pkey=paramiko.Ed25519Key.from_private_key_file(key) if key else None,
        look_for_keys=False,
        allow_agent=False,
    )
    return client


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def failed(what, do):
    try:
        print(what, do())
    except Exception as error:  # noqa: BLE001: which it is, is what is compared
        print(what, type(error).__name__, error)


def commands(client):
    much = "head -c 3000000 /dev/zero | tr '\\0' x"
    for command in ("echo out; echo err >&2; exit 3", "kill -KILL $$", "no-such-program", much):
        _, out, err = client.exec_command(command)
        print(command, digest(out.read()), err.read(), out.channel.recv_exit_status())
    sent, out, _ = client.exec_command("sha256sum")
    sent.write(bytes(range(256)) * 4000)
    sent.channel.shutdown_write()
    print(out.read())
    _, out, _ = client.exec_command("echo $LC_TEST", environment={"LC_TEST": "a value"})
    print(out.read())
    _, out, _ = client.exec_command("stty size; tty -s && echo a terminal", get_pty=True)
    print(out.read())
    _, out, _ = client.exec_command("sleep 30", timeout=0.5)
    failed("too late", out.read)
    with client.invoke_shell(term="vt100", width=91, height=31) as shell:
        shell.sendall(b"stty -echo; PS1=; stty size; echo $((6*7))$TERM; exit 5\n")
        shell.settimeout(20)
        said = b""
        while some := shell.recv(4096):
            said += some
        print([line for line in said.split(b"\r\n") if line in (b"31 91", b"42vt100")], shell.recv_exit_status())


def at_once(client):
    came = {}

    def one(number):
        _, out, _ = client.exec_command(f"seq {number} 3000; sleep 0.2")
        came[number] = digest(out.read()), out.channel.recv_exit_status()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(came.items()))


def files(client):
    sftp = client.open_sftp()
    data = os.urandom(2_000_000)
    (HERE / "large").write_bytes(data)
    # the last asks for what kind of file it is, and its size
    print(sftp.put(str(HERE / "large"), str(THERE / "large")).st_size, sftp.normalize(str(THERE / "." / "large")))
    sftp.get(str(THERE / "large"), str(HERE / "back"))
    print((HERE / "back").read_bytes() == data)
    with sftp.open(str(THERE / "large"), "r+") as file:
        file.seek(1_000_000)
        file.write(b"in the middle")
        file.seek(999_990)
        print(digest(file.read(30)) == digest(data[999_990:1_000_000] + b"in the middle" + data[1_000_013:1_000_020]))
        print([digest(part) == digest(data[at : at + size]) for part, (at, size) in zip(file.readv(PARTS), PARTS)])
        file.truncate(5000)
    with sftp.open(str(THERE / "added"), "a") as file:
        file.write("one\n")
    with sftp.open(str(THERE / "added"), "a") as file:
        file.write("two\n")
    failed("made twice", lambda: sftp.open(str(THERE / "added"), "x"))
    sftp.mkdir(str(THERE / "folder"), 0o750)
    sftp.symlink("../added", str(THERE / "folder" / "link"))
    print(sftp.readlink(str(THERE / "folder" / "link")))
    sftp.utime(str(THERE / "added"), (981173106, 981173106))
    sftp.chmod(str(THERE / "added"), 0o604)
    for one in sorted(sftp.listdir_attr(str(THERE)), key=lambda one: one.filename):
        print(one.filename, stat.filemode(one.st_mode))
    print(sftp.lstat(str(THERE / "folder" / "link")).st_size, sftp.stat(str(THERE / "folder" / "link")).st_size)
    failed("rename onto", lambda: sftp.rename(str(THERE / "added"), str(THERE / "large")))
    failed("posix rename onto", lambda: sftp.posix_rename(str(THERE / "added"), str(THERE / "large")))
    failed("missing", lambda: sftp.stat(str(THERE / "missing")))
    failed("a folder as a file", lambda: sftp.open(str(THERE / "folder")).read())
    failed("not empty", lambda: sftp.rmdir(str(THERE / "folder")))
    sftp.chdir(str(THERE))
    print(sftp.getcwd() == str(THERE), sorted(sftp.listdir(".")))
    sftp.close()


PARTS = [(0, 1000), (500_000, 70_000), (1_500_000, 40_000)]


def connections(client):
    transport = client.get_transport()
    transport.set_keepalive(1)
    channel = transport.open_channel("direct-tcpip", ("127.0.0.1", int(os.environ["BEYOND"])), ("127.0.0.1", 1))
    channel.sendall(b"hello\n")
    said = b""
    while len(said) < 14:
        said += channel.recv(100)
    print(said)
    channel.close()
    failed("nobody listens", lambda: transport.open_channel("direct-tcpip", ("127.0.0.1", 1), ("127.0.0.1", 1)))
    failed("no such kind", lambda: transport.open_channel("nothing@example.com"))
    session = transport.open_session()
    failed("no such subsystem", lambda: session.invoke_subsystem("nothing"))
    time.sleep(2)
    transport.renegotiate_keys()
    _, out, _ = client.exec_command("echo still here")
    print(out.read())


with contextlib.closing(connected()) as client:
    for part in sys.argv[1:]:
        {"commands": commands, "at_once": at_once, "files": files, "connections": connections}[part](client)
for name in ("large", "back"):
    (HERE / name).unlink(missing_ok=True)
