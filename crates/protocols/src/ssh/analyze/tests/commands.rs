//! Command lines.

use super::*;

fn read(commands: &[&str]) -> String {
    commands.iter().map(|command| said(&exec(command.as_bytes(), false))).collect()
}

#[test]
fn programs_and_their_words() {
    assert_read!(read(&[
        "systemctl restart nginx",
        "/usr/bin/git status",
        "/usr//bin/./git status",
        "/usr/bin/../../tmp/evil",
        "bin/../evil",
        "./deploy.sh --now",
        "echo 'it is; not' \"two\"",
        "echo $HOME",
        "$EDITOR file",
        "\"$EDITOR\" file",
        "~/bin/x",
        "/bin/l? x",
        "'' x",
        "A+=1",
        "a[0]=1",
        "-x",
        "",
        "   # nothing",
        "cd /srv && ls | grep x > /tmp/out",
        "sleep 9 &",
        "for i in 1 2; do ping -c1 host$i; done",
        "echo \"$(id -un)\"",
    ]));
}

#[test]
fn files() {
    assert_read!(read(&[
        "cat < /etc/motd",
        "echo x > /srv/www/../../etc/passwd",
        "echo x > out.txt",
        "echo x > $FILE",
        "echo x >> /srv//www/./log",
        "echo x > /dev/null 2>&1",
        "echo x > /dev/fd/2",
        "cat < /dev/tcp/10.0.0.1/22",
        "> /srv/empty",
        "cat <> /dev/ttyS0",
        "(a; b) > /srv/both",
    ]));
}

#[test]
fn variables() {
    assert_read!(read(&[
        "LANG=C ls",
        "DEBUG=1 make",
        "PATH=/tmp ls",
        "LD_PRELOAD=/tmp/x.so ls",
        "X=$(id) ls",
        "export A=1 B",
        "export PATH=/tmp",
        "export $X",
        "read PATH",
        "read -p '$(id)' x",
        "unset A",
        "for PATH in /tmp; do ls; done",
        "set -euo pipefail",
        "set -- a",
        "set -k",
    ]));
}

#[test]
fn wrappers() {
    assert_read!(read(&[
        "sudo systemctl restart nginx",
        "sudo -n -u postgres -- psql -c 'select 1'",
        "sudo --user=postgres psql",
        "sudo -upostgres psql",
        "sudo PATH=/tmp ls",
        "sudo -i",
        "sudo -s ls",
        "sudo -e /etc/passwd",
        "sudo $X ls",
        "sudo \"$X\"",
        "sudo",
        "doas -u www ls",
        "env ls",
        "env -i A=1 ls -l",
        "env -S 'rm -rf /'",
        "env - ls",
        "env",
        "sh -c 'rm -rf /srv; echo done'",
        "bash -lc \"rm $X\"",
        "bash -o pipefail -ec 'a | b'",
        "bash -c",
        "bash -c $X",
        "bash -ic ls",
        "bash",
        "bash -s",
        "sh script.sh a",
        "bash --rcfile x",
        "bash <<E\nrm\nE",
        "sh -c 'sh -c \"sh -c id\"'",
        "fish -c 'id'",
        "nohup sleep 9 &",
        "timeout -k 5 10s curl x",
        "timeout 10",
        "timeout $X rm",
        "timeout -- $X rm",
        "nice -n 5 ionice -c 3 stdbuf -oL setsid -w make",
        "nice -10 make",
        "time ls",
        "time -o /etc/x ls",
        "command ls",
        "command -v ls",
        "exec ls",
        "exec > /srv/log",
        "busybox sh -c id",
        "find . -name '*.log' | xargs -0 -n1 rm -f",
        "xargs",
        "xargs -I{} sh -c 'rm {}'",
        "xargs -I{} rm {} x",
        "xargs -I X env X=1 ls",
        "xargs -I X env -- X=1 ls",
        "xargs sh -c",
        "xargs sh",
        "xargs sudo",
        "xargs --replace={} {}",
        "find /srv -name x -exec rm {} \\; -exec sh -c 'id' \\;",
        "find /srv -exec {} \\;",
        "su - postgres -c 'psql'",
        "su -c id",
        "su",
        "chroot /mnt ls",
        "sudo sudo if",
    ]));
}

#[test]
fn what_the_shell_does_itself() {
    assert_read!(read(&[
        "eval ls",
        ". /etc/profile",
        "source x",
        "alias ls=rm",
        "trap 'rm x' EXIT",
        "command eval ls",
        "test -f /x",
        "[ \"$X\" = y ]",
        "[ -n \"$X\" ]",
        "[ -v 'a[$(id)]' ]",
        "[ -v \"$X\" ]",
        "[ \"$A\" \"$B\" ]",
        "[ ! \"$A\" \"$B\" ]",
        "test \"$A\" \"$B\" \"$C\"",
        "printf '%s' x",
        "printf -v 'a[$(id)]' x",
        "printf \"$X\"",
        "let 'a[$(id)]'",
        "wait -p 'a[$(id)]'",
        "wait 1",
    ]));
}

#[test]
fn the_far_ends_of_tools() {
    assert_read!(read(&[
        "scp -t /srv/www",
        "scp -r -p -d -t -- /srv/www",
        "scp -f /etc/motd /etc/issue",
        "scp -f notes.txt",
        "scp -f *.log",
        "scp -t -f x",
        "scp -t -S /tmp/evil x",
        "scp a host:b",
        "sudo scp -t /srv",
        "scp -t /srv; ls",
        "scp -t /srv/../etc",
        "rsync --server -vlogDtpre.iLsfxCIvu --delete . /srv/www/",
        "rsync --server --sender -vlogDtpre.iLsfxCIvu . logs",
        "rsync --server -vlogDtprse.iLsfxCIvu",
        "rsync --server -e.LsfxCIvu --log-file=/etc/x . /srv",
        "sudo rsync --server -logDtpre.iLsfxCIvu . /srv/www",
        "rsync a b",
        "git-upload-pack 'acme/shop.git'",
        "git-receive-pack '/srv/git/shop.git'",
        "git upload-pack /srv/git/../x",
        "git-upload-pack --exec=x y",
        "git pull",
        "/usr/lib/openssh/sftp-server",
    ]));
}

/// As ansible 2.19 sends them.
#[test]
fn what_ansible_sends() {
    assert_read!(read(&[
        "/bin/sh -c 'echo ~deploy && sleep 0'",
        "/bin/sh -c '( umask 77 && mkdir -p \"` echo /tmp/.ansible/tmp `\"&& mkdir \"` echo /tmp/.ansible/tmp/ansible-tmp-1 `\" && echo ansible-tmp-1=\"` echo /tmp/.ansible/tmp/ansible-tmp-1 `\" ) && sleep 0'",
        "/bin/sh -c 'chmod u+rwx /tmp/.ansible/tmp/ansible-tmp-1/ /tmp/.ansible/tmp/ansible-tmp-1/AnsiballZ_ping.py && sleep 0'",
        "/bin/sh -c '/usr/bin/python3 /tmp/.ansible/tmp/ansible-tmp-1/AnsiballZ_ping.py && sleep 0'",
        "/bin/sh -c 'sudo -H -S -n  -u root /bin/sh -c '\"'\"'echo BECOME-SUCCESS-abc ; /usr/bin/python3 /tmp/x.py'\"'\"' && sleep 0'",
        "/bin/sh -c 'rm -f -r /tmp/.ansible/tmp/ansible-tmp-1/ > /dev/null 2>&1 && sleep 0'",
    ]));
}

/// THREAT: a program that stands in no place where programs were looked for. Each of these runs one that no rule names.
#[test]
fn what_could_run_something_else_is_not_read() {
    for command in [
        "find /tmp -maxdepth 0 $(echo -exec touch /tmp/x {} +)",
        "find . -exec echo {} $(echo '; -exec rm {} ;') \\;",
        "find . \"$x\" touch y \\;",
        "test $(echo '-v a[$(touch /tmp/x)]')",
        "[ x = $(echo 'y -o -v a[$(touch /tmp/x)]') ]",
        "[ -n $x ]",
        "sh -c '[ \"$@\" ]' x -v 'a[$(id)]'",
        "env LANG=C echo=$(echo 1 touch /tmp/x) echo",
        "sudo A=1 B=`echo 1 touch /tmp/x` echo",
        "export A=$(echo 1 PATH=/tmp)",
        "sh -c +e 'touch /tmp/x'",
        "sh +x -c 'touch /tmp/x'",
        "+e x",
        "echo touch /tmp/x | xargs -I{} -n2 env",
        "echo x | xargs -I a -I b echo a",
        "echo x | xargs -n1 --replace env",
        "scp -l 100000 -f /etc/hostname",
        "scp $(echo -f /etc/hostname)",
        "scp -o ProxyCommand=x a b:c",
        "scp a b",
        "rsync /etc/hostname /tmp/x",
        "rsync -v --server --sender . /etc/hostname",
        "git -C / upload-pack x",
        "git -c alias.x='!rm' x",
        "git $verb",
    ] {
        let operation = exec(command.as_bytes(), false);
        fits_together(&operation);
        assert!(matches!(operation.reading, Reading::Opaque(_)), "{command}: {:?}", operation.facts);
    }
    for command in ["xargs --eof touch /tmp/x echo", "xargs --max-lines touch echo /tmp/x"] {
        let operation = exec(command.as_bytes(), false);
        let programs = Fact::List(vec!["xargs".to_owned(), "touch".to_owned()]);
        assert_eq!(operation.facts.get("programs"), Some(&programs), "{command}");
    }
    for command in [
        "xargs --eof=x echo",
        "xargs -n1 echo",
        "find . -name '*.log' -exec gzip {} \\;",
        "[ -n \"$x\" ]",
        "[ \"$a\" = b ]",
        "env A=\"$(date)\" B=1 true",
        "export A=\"$b\"",
        "git pull --ff-only",
    ] {
        let operation = exec(command.as_bytes(), false);
        // the first word behind `env` is no literal
        let expected = !command.starts_with("env");
        assert_eq!(operation.reading == Reading::Clear, expected, "{command}: {:?}", operation.reading);
    }
}

#[test]
fn what_is_no_text_is_not_read() {
    for command in [&b"ls \xff"[..], b"ls\0", b"ls\r", b"\x1b[2J", b"\xef\xbb\xbf\x00"] {
        let operation = exec(command, true);
        fits_together(&operation);
        assert!(matches!(operation.reading, Reading::Opaque(_)), "{command:?}");
        assert_eq!(operation.facts.get("unread"), Some(&Fact::Flag(true)));
        assert_eq!(operation.meaning.as_deref(), Some(command));
    }
}

/// The words of a command are all that there is to it, or it has none.
#[test]
fn a_command_is_its_words_where_it_is_nothing_else() {
    for (text, words) in [
        ("ls", &["ls"][..]),
        ("  ls  -l  # all of it", &["ls", "-l"]),
        ("ls 'a b' \"c\" d\\ e ''", &["ls", "a b", "c", "d e", ""]),
        ("\n ls \n", &["ls"]),
        ("awk 1", &["awk", "1"]),
        // it cannot be said what it runs, and it is these words
        ("sudo --no-such-option x", &["sudo", "--no-such-option", "x"]),
    ] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(exec(text.as_bytes(), false).command, Some(words), "{text}");
    }
    for text in [
        "",
        "# x",
        "ls; ls",
        "ls | cat",
        "ls &",
        "ls && ls",
        "! ls",
        "(ls)",
        "{ ls; }",
        "ls > f",
        "ls < f",
        "a=b ls",
        "a=b",
        "ls $x",
        "ls *",
        "ls ~",
        "ls $(id)",
        "ls `id`",
        "if ls; then ls; fi",
        "for x in 1; do ls; done",
        "ls {a,b}",
        "ls <<x\nx",
        "ls 2>&1",
        "ls >&-",
        "ls 'a",
        "ls \u{1}",
    ] {
        assert_eq!(exec(text.as_bytes(), false).command, None, "{text}");
    }
    assert_eq!(exec(b"ls \xff", false).command, None);
}
