"""Files that are moved by OpenSSH's own clients."""

import textwrap

from scenario import Scenario

# a tree with what goes wrong first: empty files, modes, old times, links, names with spaces and other letters
TREE = """
    mkdir -p tree/folder/deeper tree/empty
    printf 'some text\\n' > tree/text
    : > tree/folder/nothing
    seq 300000 > tree/folder/deeper/large
    printf x > 'tree/a name with spaces'
    printf y > 'tree/ünï*[x]'
    chmod 640 tree/text; chmod 755 tree/folder/nothing; chmod 700 tree/empty
    touch -d 2001-02-03T04:05:06Z tree/text tree/folder/deeper/large tree/folder/nothing
    touch -d 2002-02-03T04:05:06Z tree/folder/deeper tree/folder
"""


def batch(lines):
    """A scenario's script that gives these lines to `sftp`, which asks for no password with `-b` unless it is told to."""
    given = textwrap.dedent(lines).strip()
    return f"{TREE}\nsftp -q -oBatchMode=no -b - host <<END\ncd $THERE\n{given}\nEND\n"


def _scp(protocol, option):
    return [
        Scenario(f"scp {protocol}: a file up and down", f"""{TREE}
            scp {option} tree/text host:"$THERE/up"
            scp {option} host:"$THERE/up" down
            scp {option} -p tree/text host:"$THERE/kept"; scp {option} -p host:"$THERE/kept" kept
            """),
        Scenario(f"scp {protocol}: folders up and down", f"""{TREE}
            scp {option} -rp tree host:"$THERE/"
            scp {option} -rp host:"$THERE/tree" back
            diff -r tree back && rm -r tree
            """),
        Scenario(f"scp {protocol}: 40 MB", f"""
            head -c 40000000 /dev/urandom > large
            scp {option} -q large host:"$THERE/large" && scp {option} -q host:"$THERE/large" back
            cmp large back && cmp large "$THERE/large" && rm large back "$THERE/large"
            """),
        Scenario(f"scp {protocol}: several, and patterns", f"""{TREE}
            scp {option} tree/text tree/folder/nothing "tree/a name with spaces" host:"$THERE"
            scp {option} "host:$THERE/[nt]*" .
            """),
        Scenario(f"scp {protocol}: what is not there, and where nobody may write", f"""
            scp {option} host:"$THERE/missing" .; echo $?
            echo x > x; scp {option} x host:/proc/x; echo $?
            scp {option} x host:"$THERE/no/such/folder/x"; echo $?
            """),
        Scenario(f"scp {protocol}: from host to host through the client", f"""{TREE}
            cp tree/text "$THERE/from"; scp {option} -3 host:"$THERE/from" inside:"$THERE/to"
            """),
    ]


SFTP = [
    Scenario("sftp: put, get and names", batch("""
        put tree/text
        put -p tree/text kept
        put "tree/a name with spaces"
        get text again
        get -p kept
        pwd
        ls -1
        """)),
    Scenario("sftp: long lists", batch("""
        put -p tree/text
        put -Rp tree/folder
        chmod 600 text
        ls -l text
        ls -ln folder
        ls -la folder/deeper/large
        """)),
    Scenario("sftp: folders up and down", batch("put -Rp tree\nget -Rp tree back") + "diff -r tree back && rm -r tree"),
    Scenario("sftp: rename, remove, make, change", batch("""
        put tree/text
        rename text renamed
        mkdir made
        mkdir made/inside
        put tree/text made/text
        rename made moved
        rm moved/text
        rmdir moved/inside
        put tree/text gone
        rm gone
        chmod 751 moved
        chmod 400 renamed
        chown 0 renamed
        chgrp 0 renamed
        """)),
    Scenario("sftp: links", batch("""
        put tree/text
        ln -s text link
        symlink $THERE/text absolute
        ln text second
        ln -s nowhere dangling
        ls -1
        get link
        get absolute
        -get dangling
        rm link
        """)),
    Scenario("sftp: overwrite and rename onto", batch("""
        put tree/text one
        put tree/folder/nothing two
        rename two one
        put tree/folder/deeper/large one
        ls -1
        """)),
    Scenario("sftp: copies at the host", batch("""
        put tree/folder/deeper/large
        copy large copied
        """)),
    Scenario("sftp: a download goes on", f"""{TREE}
        cp tree/folder/deeper/large "$THERE/large"; head -c 100000 "$THERE/large" > large
        printf 'reget %s large\\n' "$THERE/large" | sftp -q -oBatchMode=no -b - host
        cmp large "$THERE/large"
        """),
    Scenario("sftp: an upload goes on", f"""{TREE}
        cp tree/folder/deeper/large large; head -c 100000 large > "$THERE/large"
        printf 'reput large %s\\n' "$THERE/large" | sftp -q -oBatchMode=no -b - host
        cmp large "$THERE/large"
        """),
    Scenario("sftp: a file as the argument", """
        seq 10 > "$THERE/file"; sftp -q host:"$THERE/file" && sftp -q host:"$THERE/file" renamed
        """),
    Scenario("sftp: many requests at once, of few bytes", """
        head -c 3000000 /dev/urandom > large
        printf 'put large %s\\nget %s back\\n' "$THERE/large" "$THERE/large" | sftp -q -R 200 -B 1000 -oBatchMode=no -b - host
        cmp large back && rm large back "$THERE/large"
        """),
    Scenario("sftp: a thousand files", """
        mkdir many; for i in $(seq 1000); do echo $i > many/$i; done
        printf 'put -R many %s\\nls -1 %s/many\\n' "$THERE" "$THERE" | sftp -q -oBatchMode=no -b - host
        """, seconds=180),
    Scenario("sftp: what is not there, and what is not allowed", batch("""
        -get missing
        -rm missing
        -rmdir missing
        -mkdir no/such/folder
        -cd missing
        -ls missing
        -rename missing other
        -put tree/text /proc/x
        -mkdir $THERE
        mkdir full
        put tree/text full/text
        -rmdir full
        -rm full
        """)),
    Scenario("sftp: a batch ends where something fails", batch("put tree/text\nget missing\nput tree/text never"), status=1),
    Scenario("sftp: the room on a disk", batch("df -h") + 'test $? = 0 && echo said', seconds=30),
]

REFUSALS = [
    Scenario(
        "refused: a file that is written by sftp",
        'echo x > x; printf "put x %s/mark\\n" "$THERE" | sftp -q -oBatchMode=no -b - host',
        who="bound",
        refused=("Permission denied", r"^postern: PST-30\d\d: .*ssh.sftp_write"),
        refused_status=1,
    ),
    Scenario(
        "refused: a file that is read by sftp",
        'echo x > "$THERE/secret"; printf "get %s/secret mark\\n" "$THERE" | sftp -q -oBatchMode=no -b - host',
        who="bound",
        refused=(r"^postern: PST-30\d\d: .*ssh.sftp_stat",),
        refused_status=1,
    ),
    Scenario(
        "refused: a file that is read by scp",
        'echo x > "$THERE/secret"; scp -q host:"$THERE/secret" mark',
        who="bound",
        refused=(r"^postern: PST-30\d\d: .*ssh.sftp_stat",),
        refused_status=1,
    ),
    Scenario(
        "refused: scp with its own protocol",
        'echo x > "$THERE/secret"; scp -O -q host:"$THERE/secret" mark',
        who="bound",
        refused=("^postern: PST-30",),
        refused_status=1,
    ),
    Scenario(
        "allowed: a file of a rule",
        'mkdir "$THERE/open"; echo x > "$THERE/open/x"; scp -q host:"$THERE/open/x" .',
        who="bound",
    ),
]

COPIES = _scp("by sftp", "-s") + _scp("by itself", "-O") + SFTP
