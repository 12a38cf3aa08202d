"""Clients that are not OpenSSH's: paramiko, asyncssh, PuTTY, Dropbear."""

from scenario import Scenario

LIBRARIES = [
    Scenario(f"{library}: {about}", f'"$PYTHON" "$CLIENTS/{library}_client.py" {part}', who=who, seconds=90)
    for library, who, part, about in (
        ("paramiko", "trusted", "commands", "commands and terminals"),
        ("paramiko", "keyed", "at_once", "commands at once"),
        ("paramiko", "trusted", "files", "files"),
        ("paramiko", "keyed", "connections", "connections, new keys, what is not known"),
        ("asyncssh", "trusted", "commands", "commands, thirty at once"),
        ("asyncssh", "keyed", "terminals", "terminals and signals"),
        ("asyncssh", "trusted", "files", "files"),
        ("asyncssh", "trusted", "copies", "scp"),
        ("asyncssh", "keyed", "connections", "connections"),
    )
]

PUTTY = """
if test -n "$TOKEN"; then
    printf %s "$TOKEN" > token; proof="-pwfile token"
else
    puttygen "$KEY" -O private -o key.ppk; proof="-i key.ppk"
fi
options="-batch -hostkey $HOST_FINGERPRINT -P $HOST_PORT $proof"
at="$HOST_USER@127.0.0.1"
clean() { rm -rf token key.ppk .putty; }
"""

LIBRARIES += [
    Scenario(
        "putty: commands",
        f"""{PUTTY}
        plink -ssh $options $at 'echo out; echo err >&2; exit 3'; echo $?
        head -c 3000000 /dev/urandom > sent; plink -ssh $options $at cat < sent | cmp - sent; rm sent
        plink -ssh -t $options $at 'tty -s && echo a terminal'
        plink -ssh $options -nc 127.0.0.1:$WEB $at <<< $'GET /page HTTP/1.0\\r\\n\\r' | tail -n 1
        clean
        """,
        needs=("plink", "puttygen"),
    ),
    Scenario(
        "putty: files",
        f"""{PUTTY}
        head -c 3000000 /dev/urandom > large; mkdir folder; seq 10 > folder/small
        pscp -q -p -r $options large folder $at:"$THERE/"; pscp -q $options $at:"$THERE/large" back; cmp large back
        pscp -q -scp -r $options $at:"$THERE/folder" again; diff -r folder again
        cmp large "$THERE/large"; rm large back "$THERE/large"
        printf '%s\\n' "cd $THERE" 'put folder/small other' 'mv other renamed' 'mkdir made' 'chmod 600 renamed' \\
            'get renamed' 'rm missing' | psftp $options $at 2>&1 | grep -v '^Using username\\|^Remote working'
        clean
        """,
        who="keyed",
        needs=("pscp", "psftp", "puttygen"),
    ),
    Scenario(
        "dropbear: commands and a forward",
        """
        if test -z "$TOKEN"; then dropbearconvert openssh dropbear "$KEY" key 2> /dev/null; proof="-i key"; else proof=; fi
        export DROPBEAR_PASSWORD=$TOKEN
        go() { dbclient -q -y -y -p "$HOST_PORT" $proof "$@" 2> >(grep -v 'WARNING\\|Host\\|agree\\|fingerprint' >&2); }
        go "$HOST_USER@127.0.0.1" 'echo out; echo err >&2; exit 3'; echo $?
        head -c 3000000 /dev/urandom > sent; go "$HOST_USER@127.0.0.1" cat < sent | cmp - sent; rm sent
        go -B 127.0.0.1:$WEB "$HOST_USER@127.0.0.1" <<< $'GET /page HTTP/1.0\\r\\n\\r' | tail -n 1
        rm -rf key .ssh
        """,
        needs=("dbclient", "dropbearconvert"),
    ),
    Scenario(
        "paramiko: -R",
        """ "$PYTHON" - <<'END'
import os, sys
sys.path.insert(0, os.environ["CLIENTS"]); sys.argv = [""]
import paramiko_client
client = paramiko_client.connected()
port = client.get_transport().request_port_forward("127.0.0.1", 0)
print(port > 0)
client.get_transport().cancel_port_forward("127.0.0.1", port)
client.close()
END
        """,
    ),
]
