//! What a host is asked: commands that read and change nothing.
//!
//! INVARIANT: each is one word behind `/bin/sh -c`, in single quotes, without what another shell than a POSIX one would see
//! through those (`!`, a backslash, a line end): whatever the login shell is, `sh` reads it.

/// Tells a shell from a command that is forced on the account.
pub(super) const GREETING: &str = "/bin/sh -c 'echo postern $((6*7))'";
/// What a shell answers it with.
pub(super) const GREETED: &str = "postern 42";

/// Who it is.
pub(super) const PERSON: &str = concat!(
    "/bin/sh -c 'echo \"uid $(id -u)\"; echo \"groups $(id -Gn)\"; echo \"from ${SSH_CONNECTION%% *}\"; ",
    "echo \"home $HOME\"; echo \"entry $(getent passwd \"$(id -u)\" 2>/dev/null || grep \"^$(id -un):\" /etc/passwd)\"'"
);

/// What it may do as others without a password. Status 3 where there is no `sudo`.
pub(super) const SUDO: &str = "/bin/sh -c 'command -v sudo >/dev/null 2>&1 || exit 3; LC_ALL=C sudo -n -l 2>/dev/null'";

/// Which files it may write, or put there, that say who gets in or what runs then.
pub(super) const WRITABLE: &str = concat!(
    "/bin/sh -c 'cd \"$HOME\" 2>/dev/null || exit 3; for f in .ssh/authorized_keys .ssh/authorized_keys2 .ssh/rc ",
    ".ssh/environment .bashrc .bash_profile .profile .zshenv .kshrc; do case $f in .ssh/*) d=.ssh;; *) d=.;; esac; ",
    "[ -d $d ] || d=.; if [ -w $f ] || [ -w $d ]; then echo $f; fi; done'"
);

/// What sshd is set to. Status 0: as it counts for the account; 4: as it stands in the files; 3: not to be read. Which
/// file it was started with its own line in the table of processes says.
pub(super) const SETTINGS: &str = concat!(
    "/bin/sh -c 'p=$PPID; f=/etc/ssh/sshd_config; while [ \"${p:-0}\" -gt 1 ]; do a=$(ps -o args= -p $p 2>/dev/null); ",
    "case $a in *\"[listener]\"*) set -- $a; while [ $# -gt 1 ]; do if [ \"$1\" = -f ]; then f=$2; fi; shift; done; break;; ",
    "esac; p=$(ps -o ppid= -p $p 2>/dev/null | tr -d \" \"); done; PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin; ",
    "if [ $(id -u) = 0 ] && s=$(command -v sshd) && $s -T -f \"$f\" ",
    "-C \"user=$(id -un),host=localhost,addr=${SSH_CONNECTION%% *}\" 2>/dev/null; then exit 0; fi; ",
    "[ -r \"$f\" ] || exit 3; for g in /etc/ssh/sshd_config.d/*.conf \"$f\"; do echo; echo Match all; ",
    "cat \"$g\" 2>/dev/null; done; exit 4'"
);

/// What is in files of keys. Their names are plain, and stand where they are read from.
pub(super) fn keys(files: &[String]) -> String {
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|file| is_plain(file)).collect();
    format!("/bin/sh -c 'cd \"$HOME\" 2>/dev/null; for f in {}; do echo; cat $f 2>/dev/null; done'", files.join(" "))
}

/// THREAT: a host that names a file so that more is run than `cat`.
fn is_plain(file: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    file.bytes().all(plain) && !file.starts_with('-')
}

#[cfg(test)]
mod tests;
