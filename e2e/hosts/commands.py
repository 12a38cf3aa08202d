"""Commands, terminals and shared connections, with OpenSSH's `ssh`."""

from scenario import Scenario

REFUSED = r"^postern: PST-30\d\d: "

COMMANDS = [
    Scenario("exec: what is said, and the status", "ssh host 'echo out; echo err >&2; exit 3'", status=3),
    Scenario("exec: nothing is said", "ssh host true"),
    Scenario("exec: no such program", "ssh host no-such-program", status=127),
    Scenario("exec: it ends by a signal", "ssh host 'kill -KILL $$'", status=255),
    Scenario("exec: it ends by a signal and dumps", "ssh host 'ulimit -c 0; kill -SEGV $$'", status=255),
    Scenario("exec: 30 MB come back", "ssh host 'head -c 30000000 /dev/zero | tr \"\\0\" x' | sha256sum"),
    Scenario("exec: much on both streams", "ssh host 'seq 200000; seq 200000 >&2' 2> errors > output"),
    Scenario("exec: every byte goes in and comes out", """
        head -c 20000000 /dev/urandom > sent
        ssh host "tee $THERE/sent" < sent > back
        cmp sent back && cmp sent "$THERE/sent" && rm sent back "$THERE/sent"
        """),
    Scenario("exec: words with quotes, patterns and lines", r"""
        ssh host printf '%s.' "'a  b'" '"*"' '$HOME' '\\' '"a
        b"'
        ssh host 'for i in 1 2 3; do echo "$i" | tr 123 abc; done'
        """),
    Scenario("exec: nothing to read", "ssh -n host cat; ssh host cat < /dev/null; ssh host 'read x; echo $?' < /dev/null"),
    Scenario("exec: it ends before it has read all", "head -c 5000000 /dev/zero | ssh host 'head -c 10 | wc -c; exit 4'", status=4),
    Scenario("exec: it closes its output and goes on", "ssh host 'exec >&- 2>&-; sleep 1; exit 5'; echo $?"),
    Scenario("exec: something goes on in the background", """
        ssh host "(sleep 1; echo late > $THERE/late) > /dev/null 2>&1 < /dev/null & echo early"
        sleep 2
        """),
    Scenario("exec: variables", r"""
        LC_ALL=C.UTF-8 LANG=C OTHER=x ssh -oSendEnv='LANG LC_*' -oSetEnv='WORD=a\ b' host 'echo $LANG $LC_ALL $WORD $OTHER'
        """),
    Scenario("exec: compressed", "ssh -C host 'seq 100000' | sha256sum; ssh -C host cat < /usr/bin/env | cmp - /usr/bin/env"),
    Scenario("exec: keys are made anew", "ssh -oRekeyLimit=1M host 'head -c 8000000 /dev/zero' | sha256sum"),
    Scenario("shell: commands on its input", "printf 'echo one\\ncd /\\npwd\\nexit 6\\n' | ssh -T host", status=6),
    Scenario("shell: in a terminal", r"""
        (sleep 2; printf 'tty -s && echo $((6 * 7)) terminals\nexit 7\n'; sleep 2) |
            script -qec 'ssh -tt host' /dev/null | grep -a -o '42 terminals'
        """),
    Scenario("terminal: it is one", "ssh -tt host 'tty -s && echo yes; echo err >&2; exit 8'", status=8),
    Scenario("terminal: its size", "script -qec 'stty rows 41 cols 133; ssh -tt host stty size' /dev/null"),
    Scenario("terminal: its modes and its name", """
        script -qec 'stty -ixon intr ^K; TERM=vt220 ssh -tt host "stty -a | sed 1d; echo \\$TERM"' /dev/null
        """),
    Scenario("terminal: its size changes", """
        script -qec 'stty rows 20 cols 70; me=$(tty)
            (sleep 2; stty rows 22 cols 77 < $me) & ssh -tt host "stty size; sleep 4; stty size"' /dev/null
        """),
    Scenario("terminal: control-C ends what runs", """
        (sleep 2; printf '\\003'; sleep 2) |
            script -qec "ssh -tt host 'trap \\"echo interrupted > $THERE/told; exit 9\\" INT; sleep 20 & wait'" /dev/null
        """, status=9),
    Scenario("terminal: what runs is told that its client has left", """
        (ssh -tt host "trap 'echo left > $THERE/told; exit' HUP; sleep 20 & wait" > /dev/null & sleep 2; kill -KILL $!)
        sleep 2
        """),
    Scenario("shared: commands on one connection", """
        ssh -fNM -S "$HERE/control" host
        ssh -S "$HERE/control" -O check host 2>&1 | sed 's/[0-9]\\+/PID/'
        for i in 1 2 3; do ssh -S "$HERE/control" host "echo $i; exit $i"; echo "ended with $?"; done
        echo input | ssh -S "$HERE/control" host cat
        echo put | ssh -S "$HERE/control" host "cat > $THERE/put"
        scp -q -o ControlPath="$HERE/control" host:"$THERE/put" got
        ssh -S "$HERE/control" -O exit host
        """),
    Scenario("shared: twenty at once", """
        ssh -fNM -S "$HERE/control" host
        for i in $(seq 20); do ssh -S "$HERE/control" host "seq $i 5000 | sha256sum" > "$i" & done
        wait $(jobs -p)
        ssh -q -S "$HERE/control" -O exit host
        """),
    Scenario("shared: opened by the first, and kept", """
        options="-oControlMaster=auto -oControlPersist=5 -oControlPath=$HERE/control"
        ssh $options host echo first; ssh $options host echo second
        ssh -q -S "$HERE/control" -O stop host; sleep 0.5; test -e control || echo closed
        """),
]

REFUSALS = [
    Scenario("refused: a program", 'ssh host touch "$THERE/mark"', who="bound", refused=(REFUSED,)),
    Scenario(
        "refused: a program behind one that is allowed", 'ssh host "echo x; touch $THERE/mark"', who="bound", refused=(REFUSED,)
    ),
    Scenario("refused: a file that is written", 'ssh host "echo x > $THERE/mark"', who="bound", refused=(REFUSED,)),
    Scenario("refused: a shell", 'echo "touch $THERE/mark" | ssh -T host', who="bound", refused=(REFUSED,)),
    Scenario(
        "refused: a terminal",
        "ssh -tt host echo a terminal > said && mv said mark",
        who="bound",
        refused=(r"PTY allocation request failed",),
        refused_status=255,
    ),
    Scenario("allowed: a program of a rule", "ssh host echo yes", who="bound"),
]
