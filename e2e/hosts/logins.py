"""Each proof that the gateway takes, and how clients hear that one is none."""

from scenario import Scenario

WAYS_IN = {"trusted": "a token", "keyed": "a registered key", "certified": "a certificate"}


def _with(who, proof):
    return [
        Scenario(f"login: {proof}, commands and files", """
            ssh host 'echo in; exit 3'; echo $?
            echo x > x; scp -q x host:"$THERE/x"; rsync -a host:"$THERE/x" y; cat y
            """, who=who),
    ]


LOGINS = [scenario for who, proof in WAYS_IN.items() for scenario in _with(who, proof)]
LOGINS += [
    Scenario(
        f"login: {WAYS_IN[who]}, nothing is asked for",
        """
        ssh -oBatchMode=yes host echo in
        echo x > x; printf 'put x %s/x\\n' "$THERE" | sftp -q -b - host
        """,
        who=who,
    )
    for who in ("keyed", "certified")
]
LOGINS += [
    Scenario("login: from an agent", """
        eval $(ssh-agent) > /dev/null; trap 'kill $SSH_AGENT_PID' EXIT; ssh-add -q "$KEY"
        ssh -oIdentityFile=none -oIdentitiesOnly=no host echo in
        """, who="certified"),
    Scenario(
        "refused: a key that nobody knows",
        """
        ssh-keygen -q -t ed25519 -N '' -f other; key=$KEY
        test -n "$THROUGH" && key=other
        ssh -F none -i "$key" -oIdentitiesOnly=yes -oBatchMode=yes -oUserKnownHostsFile="$KNOWN" -p "$HOST_PORT" \\
            "$HOST_USER@127.0.0.1" "touch $THERE/mark"
        """,
        who="keyed",
        refused=(r"Permission denied \(publickey,password\)",),
        refused_status=255,
    ),
]
