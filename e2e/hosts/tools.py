"""Programs that reach a host by OpenSSH's `ssh`: rsync, git, Ansible, lftp."""

from copies import TREE
from scenario import Scenario

MORE = "\nmkdir tree/more; seq 20000 > tree/more/numbers; seq 20000 | shuf --random-source=/usr/bin/env > tree/more/mixed\n"

RSYNC = [
    Scenario("rsync: up and down", f"""{TREE}
        ln -s text tree/link; ln tree/text tree/second
        rsync -aiH tree/ host:"$THERE/tree/"
        rsync -aiH host:"$THERE/tree/" back/
        rsync -aiHc --dry-run tree/ host:"$THERE/tree/"; diff -r tree back && rm -r tree
        """),
    Scenario("rsync: what has changed, and what is gone", f"""{TREE}{MORE}
        rsync -a tree/ host:"$THERE/tree/"
        rm tree/text; echo more >> tree/more/numbers; touch -d 2003-01-01 tree/more/mixed; mkdir tree/new
        touch -d 2002-01-01 tree/more/numbers tree/more tree
        rsync -ai --delete --exclude=nothing tree/ host:"$THERE/tree/"
        rm "$THERE/tree/more/mixed"; rsync -ai --delete-after host:"$THERE/tree/" tree/
        """),
    Scenario("rsync: compressed, in parts, and checked", f"""{TREE}{MORE}
        rsync -rlptz --partial --inplace --checksum tree host:"$THERE/"
        truncate -s 500 "$THERE/tree/more/numbers"; rsync -rlptz --append-verify tree host:"$THERE/"
        rsync -az --out-format='%n %l' --bwlimit=5000 host:"$THERE/tree/more/" more/
        """),
    Scenario("rsync: several, and names with spaces", f"""{TREE}
        cp -a tree "$THERE/"; touch -d 2001-01-01 "$THERE/tree" "$THERE/tree"/*
        rsync -ai host:"$THERE/tree/text" :"$THERE/tree/a name with spaces" .
        rsync -ai --old-args host:"$THERE/tree/[tf]*" some/
        rsync --list-only host:"$THERE/tree/"
        """),
    Scenario("rsync: files that are moved away", f"""{TREE}
        rsync -ai --remove-source-files tree/folder/ host:"$THERE/folder/"; find tree -type f | sort
        rsync -ai --remove-source-files host:"$THERE/folder/" folder/; find "$THERE" -type f
        """),
    Scenario("rsync: what is not there", """
        rsync -a host:"$THERE/missing" . 2>&1 | sed "/Broken pipe/d; s/ (in .*//; s/ at .*//; s/=.*//"; exit ${PIPESTATUS[0]}
        """, status=23),
]

# the same commits in each run
GIT = """
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global user.name Somebody; git config --global user.email somebody@example.com
git config --global init.defaultBranch main; git config --global advice.detachedHead false
git init -q --bare "$THERE/repository.git"; git init -q work; cd work
git remote add origin host:"$THERE/repository.git"
commit() { echo "$1" > "$1"; git add -A; git commit -qm "$1"; }
clean() { cd "$HERE"; rm -rf work other .gitconfig "$THERE/repository.git"; }
"""

GITS = [
    Scenario("git: push, clone and fetch", f"""{GIT}
        commit one; commit two; git push -q -u origin main; git ls-remote origin
        git clone -q host:"$THERE/repository.git" ../other; git -C ../other log --format='%H %s'
        commit three; git tag -a -m 'a tag' v1; git push --porcelain --follow-tags origin main
        git -C ../other pull -q --ff-only --tags; git -C ../other log --format='%H %s %D'; git -C ../other fsck --full
        clean
        """),
    Scenario("git: 20 MB, and a part of the history", f"""{GIT}
        head -c 20000000 /dev/urandom > large; git add large; git commit -qm large 2> /dev/null; commit two; commit three
        git push -q origin main && git -C "$THERE/repository.git" fsck --full
        git clone -q --depth 1 "ssh://host$THERE/repository.git" ../other; git -C ../other log --format=%s
        cmp large ../other/large; git -C ../other fetch -q --unshallow; git -C ../other log --format=%s
        clean
        """),
    Scenario("git: branches, refusals of hooks, and force", f"""{GIT}
        printf '#!/bin/sh\\ncat > /dev/null; echo to you; test ! -e forbidden\\n' > "$THERE/repository.git/hooks/pre-receive"
        chmod +x "$THERE/repository.git/hooks/pre-receive"
        commit one; git push -q origin main main:branch; git commit -q --amend -m other
        git push -q origin main 2>&1 | grep -v ^hint; git push -q --force origin main; git push -q origin :branch
        : > "$THERE/repository.git/forbidden"; commit two; git push --porcelain origin main 2>&1 | sed 's#To .*#To#'
        git ls-remote origin
        clean
        """),
    Scenario("git: an archive, and no such repository", f"""{GIT}
        commit one; git push -q origin main
        git archive --remote=host:"$THERE/repository.git" main | tar -t
        git ls-remote host:"$THERE/missing.git"; echo $?
        clean
        """),
]

# how Ansible is told of a password; by itself it never asks
ANSIBLE = """
test -z "$TOKEN" || password="ansible_password='{{ lookup(\\"env\\", \\"TOKEN\\") }}'"
echo "host ansible_python_interpreter=/usr/bin/python3 ${password:-}" > inventory
export ANSIBLE_INVENTORY="$HERE/inventory" ANSIBLE_REMOTE_TEMP="$THERE/tmp" ANSIBLE_LOCAL_TEMP="$HERE/tmp" ANSIBLE_NOCOLOR=1
export ANSIBLE_SSH_ARGS='-C -o ControlMaster=auto -o ControlPersist=3s' ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3
# what it sees of the password is not what is compared
finish() { sleep 4; rm -rf inventory tmp .ansible; }
"""
PLAY = """
seq 40000 > numbers; printf 'for {{ inventory_hostname }}: {{ 6 * 7 }}\\n' > template
cat > play.yml <<'END'
- hosts: host
  gather_facts: true
  tasks:
    - ansible.builtin.copy: { src: numbers, dest: "{{ there }}/numbers", mode: "0640" }
    - ansible.builtin.copy: { src: numbers, dest: "{{ there }}/numbers", mode: "0640" }
    - ansible.builtin.template: { src: template, dest: "{{ there }}/made" }
    - ansible.builtin.lineinfile: { path: "{{ there }}/made", line: one more }
    - ansible.builtin.shell: "wc -l < {{ there }}/numbers; echo said >&2; exit 3"
      register: counted
      failed_when: counted.rc != 3
    - ansible.builtin.debug: { msg: "{{ counted.stdout }} {{ counted.stderr }} {{ ansible_facts.distribution }}" }
    - ansible.builtin.fetch: { src: "{{ there }}/made", dest: made, flat: true }
    - ansible.builtin.command: "false"
END
ansible-playbook -e there="$THERE" play.yml | sed -E 's/"(delta|start|end)": "[^"]*"/"\\1"/g'; echo ${PIPESTATUS[0]}
"""

ANSIBLES = [
    Scenario("ansible: ping", f"{ANSIBLE}\nansible host -m ping; finish", needs=("ansible",), seconds=120),
    Scenario(
        "ansible: copy and a command",
        f"""{ANSIBLE}
        seq 10 > numbers; ansible host -m copy -a "src=numbers dest=$THERE/numbers mode=0600" | grep -o 'CHANGED\\|"checksum.*'
        ansible host -m command -a "wc $THERE/numbers"; finish
        """,
        needs=("ansible",),
        seconds=180,
    ),
    Scenario("ansible: a playbook", f"{ANSIBLE}{PLAY}finish", needs=("ansible-playbook",), seconds=300),
    Scenario(
        "ansible: a playbook, pipelined and by scp",
        f"{ANSIBLE}export ANSIBLE_PIPELINING=1 ANSIBLE_SSH_TRANSFER_METHOD=scp{PLAY}finish",
        needs=("ansible-playbook",),
        seconds=300,
    ),
    Scenario(
        "ansible: with a certificate, and files piped",
        f"{ANSIBLE}export ANSIBLE_SSH_TRANSFER_METHOD=piped{PLAY}finish",
        who="certified",
        needs=("ansible-playbook",),
        seconds=300,
    ),
]

LFTP = [
    Scenario(
        "lftp: mirrored up and down",
        f"""{TREE}
        lftp 2>&1 <<END
        set sftp:connect-program 'ssh -a -x'
        open sftp://host
        mirror -R tree $THERE/tree
        mirror $THERE/tree back
        mv $THERE/tree/text $THERE/tree/moved
        rm -r $THERE/tree/folder
        cls -1 $THERE/tree
END
        diff -r tree back && rm -r tree .local
        """,
        needs=("lftp",),
    ),
]

REFUSALS = [
    Scenario(
        "allowed: rsync from a folder of a rule",
        'mkdir "$THERE/open"; seq 10 > "$THERE/open/x"; rsync -ai host:"$THERE/open/" .',
        who="bound",
    ),
    Scenario(
        "refused: rsync to that folder",
        'mkdir "$THERE/open"; : > mark; rsync -a mark host:"$THERE/open/" || failed=12; rm mark; exit ${failed:-0}',
        who="bound",
        refused=(r"^postern: PST-30\d\d: .*",),
        refused_status=12,
    ),
    Scenario(
        "refused: rsync from elsewhere",
        'echo x > "$THERE/secret"; rsync -a host:"$THERE/secret" mark',
        who="bound",
        refused=(r"^postern: PST-30\d\d: .*",),
        refused_status=12,
    ),
    Scenario(
        "allowed: git clone of a repository of a rule",
        f"""mkdir "$THERE/open"{GIT.replace("$THERE/", "$THERE/open/")}
        commit one; git push -q "$THERE/open/repository.git" main
        git clone -q host:"$THERE/open/repository.git" ../other; git -C ../other log --format=%s; cd ..; rm -rf work other .gitconfig
        rm -rf "$THERE/open"
        """,
        who="bound",
    ),
    Scenario(
        "refused: git push to that repository",
        f"""mkdir "$THERE/open"{GIT.replace("$THERE/", "$THERE/open/")}
        commit one; git push -q origin main && : > ../mark
        """,
        who="bound",
        refused=(r"^postern: PST-30\d\d: .*",),
        refused_status=128,
    ),
]

TOOLS = RSYNC + GITS + ANSIBLES + LFTP
