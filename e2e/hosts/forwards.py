"""Connections through the host, and what the gateway offers to nobody."""

from scenario import Scenario


# `-f` leaves once the way is open; who is behind it is greeted first
TALK = r"""
talk() { exec 7<> /dev/tcp/127.0.0.1/$PORT; printf 'hello\n' >&7; head -n 2 <&7; exec 7<&-; }
stop() { ssh -q -S "$HERE/control" -O exit host; }
"""

AGENT = """
eval $(ssh-agent) > /dev/null; trap 'kill $SSH_AGENT_PID' EXIT; ssh-add -q "$(dirname "$KNOWN")/key"
"""

FORWARDS = [
    Scenario("forward -L: a connection", f"""{TALK}
        ssh -fNM -S "$HERE/control" -L $PORT:127.0.0.1:$BEYOND host; talk; talk; stop
        """),
    Scenario("forward -L: much in both directions", """
        head -c 8000000 /dev/urandom > sent
        ssh -fNM -S "$HERE/control" -L $PORT:127.0.0.1:$BEYOND host
        "$PYTHON" "$CLIENTS/echoed.py" $PORT < sent > back; cmp sent back && rm sent back
        ssh -q -S "$HERE/control" -O exit host
        """),
    Scenario("forward -L: a hundred connections", f"""{TALK}
        ssh -fNM -S "$HERE/control" -L $PORT:127.0.0.1:$BEYOND host
        for i in $(seq 100); do talk; done | sort | uniq -c; stop
        """),
    Scenario("forward -L: to a socket", f'{TALK}\nssh -fNM -S "$HERE/control" -L $PORT:$SOCKET host\ntalk; stop'),
    Scenario("forward -L: where nobody listens", f"""{TALK}
        ssh -E said -fNM -S "$HERE/control" -L $PORT:127.0.0.1:1 host; talk 2> /dev/null; stop; cat said; rm said
        """),
    Scenario("forward -L: added to a connection and taken back", f"""{TALK}
        ssh -fNM -S "$HERE/control" host
        ssh -S "$HERE/control" -O forward -L $PORT:127.0.0.1:$BEYOND host; talk
        ssh -S "$HERE/control" -O cancel -L $PORT:127.0.0.1:$BEYOND host; (talk) 2> /dev/null; stop
        """),
    Scenario("forward -D: to a name and to an address", """
        ssh -fNM -S "$HERE/control" -D $PORT host
        for proxy in socks4 socks4a socks5 socks5h; do
            curl -sS --max-time 10 -x $proxy://127.0.0.1:$PORT http://127.0.0.1:$WEB/page
        done
        curl -sS -x socks5h://127.0.0.1:$PORT http://localhost:$WEB/page
        ssh -q -S "$HERE/control" -O exit host
        """),
    Scenario("forward -W: standard input and output", "printf 'hello\\n' | timeout 20 ssh -W 127.0.0.1:$BEYOND host"),
    Scenario("forward -W: where nobody listens", "ssh -W 127.0.0.1:1 host < /dev/null", status=255),
    Scenario("forward -J: through the host to one behind it", """
        ssh -J host inside 'echo inside; exit 3'; echo $?
        seq 50000 > numbers; scp -q -J host numbers inside:"$THERE/"
        """),
    Scenario("forward -J: through another to the host", "ssh -J bastion host 'echo host; cat' < /usr/bin/env | sha256sum"),
    Scenario("forward -J: through a command of the client's", """
        ssh -oProxyCommand='ssh -F "$CONFIG" -W 127.0.0.1:%p inside' host echo twice
        """),
    Scenario("allowed: -L to an address of a rule", f"""{TALK}
        ssh -fNM -S "$HERE/control" -L $PORT:127.0.0.1:$BEYOND host; talk; stop
        """, who="bound"),
    Scenario("allowed: -W to an address of a rule", "printf 'hello\\n' | timeout 20 ssh -W 127.0.0.1:$BEYOND host", who="bound"),
]

INWARD = [
    Scenario("forward -R: a connection", f"""{TALK}
        ssh -fNM -oExitOnForwardFailure=yes -S "$HERE/control" -R $PORT:127.0.0.1:$BEYOND host; talk; talk; stop
        """),
    Scenario("forward -R: much in both directions", """
        head -c 8000000 /dev/urandom > sent
        ssh -fNM -oExitOnForwardFailure=yes -S "$HERE/control" -R $PORT:127.0.0.1:$BEYOND host
        "$PYTHON" "$CLIENTS/echoed.py" $PORT < sent > back; cmp sent back && rm sent back
        ssh -q -S "$HERE/control" -O exit host
        """),
    Scenario("forward -R: added to a connection and taken back", f"""{TALK}
        ssh -fNM -S "$HERE/control" host
        ssh -S "$HERE/control" -O forward -R $PORT:127.0.0.1:$BEYOND host; talk
        ssh -S "$HERE/control" -O cancel -R $PORT:127.0.0.1:$BEYOND host; sleep 1; (talk) 2> /dev/null; stop
        """),
    Scenario("forward -A: the client's agent", f'{AGENT}ssh -A host "ssh-add -l; ssh-add -l"'),
]
FORWARDS += INWARD

PROHIBITED = r"administratively prohibited"

REFUSALS = [
    Scenario(
        "refused: -L to another address",
        f"""{TALK}
        ssh -E said -fNM -S "$HERE/control" -L $PORT:127.0.0.1:$WEB host
        curl -sS --max-time 10 http://127.0.0.1:$PORT/page -o mark; stop; cat said; test -s mark
        """,
        who="bound",
        refused=(PROHIBITED,),
        refused_status=1,
    ),
    Scenario(
        "refused: -L to a socket",
        f"""{TALK}
        ssh -E said -fNM -S "$HERE/control" -L $PORT:$SOCKET host
        talk > heard; stop; cat said; test -s heard && mv heard mark
        """,
        who="bound",
        refused=(PROHIBITED,),
        refused_status=1,
    ),
    Scenario(
        "refused: -D to another address",
        """
        ssh -E said -fNM -S "$HERE/control" -D $PORT host
        curl -sS --max-time 10 -x socks5://127.0.0.1:$PORT http://127.0.0.1:$WEB/page -o mark
        ssh -q -S "$HERE/control" -O exit host; cat said; test -s mark
        """,
        who="bound",
        refused=(PROHIBITED,),
        refused_status=1,
    ),
    Scenario(
        "refused: -W to another address",
        "printf 'GET /page HTTP/1.0\\r\\n\\r\\n' | timeout 20 ssh -W 127.0.0.1:$WEB host > said || exit; mv said mark",
        who="bound",
        refused=(PROHIBITED,),
        refused_status=255,
    ),
    Scenario(
        "refused: -J through the host",
        "ssh -J host inside true && : > mark",
        who="bound",
        refused=(PROHIBITED,),
        refused_status=255,
    ),
    Scenario(
        "refused: -R",
        "ssh -oExitOnForwardFailure=yes -R $PORT:127.0.0.1:$BEYOND host true && : > mark",
        who="bound",
        refused=("remote port forwarding failed for listen port",),
        refused_status=255,
    ),
    Scenario(
        "refused: -R of a socket",
        'ssh -oExitOnForwardFailure=yes -R "$THERE/socket:127.0.0.1:$BEYOND" host true && : > mark',
        who="bound",
        refused=("remote port forwarding failed for listen path",),
        refused_status=255,
    ),
    Scenario(
        "refused: -R on a port that the host chooses",
        "ssh -oExitOnForwardFailure=yes -R 0:127.0.0.1:$BEYOND host true 2> said && mv said mark; cat said >&2; test -e mark",
        who="bound",
        refused=("remote port forwarding failed for listen port 0",),
        refused_status=1,
    ),
    Scenario(
        "refused: the client's agent",
        f'{AGENT}ssh -A host ssh-add -l && : > mark',
        who="bound",
        refused=("Could not open a connection to your authentication agent",),
        refused_status=2,
    ),
    Scenario(
        "refused: the client's screen",
        "DISPLAY=:77 ssh -Y host printenv DISPLAY > said && mv said mark; test -e mark",
        who="bound",
        refused=("X11 forwarding request failed",),
        refused_status=1,
    ),
]
