//! The words of SSH: its actions, the shape of its objects, its facts, and where hosts keep credentials.
//!
//! Configuration, refusals and documentation are written from it. An object is whatever the action is about, whole: a
//! program as it is named (`systemctl`), a file by its absolute path (`/srv/www/index.html`), where a forward leads
//! (`db.internal:5432`, or the path of a socket), a variable behind a `$` (`$LANG`).

use postern_core::operation::Action;
use postern_core::vocabulary::{FactKind, FactWord, Proof, Shape, Vocabulary};

/// The protocol's words.
pub static VOCABULARY: Vocabulary = Vocabulary {
    protocol: "ssh",
    actions: action::ALL,
    commands: &[action::EXEC.0],
    shape: Shape { space: None, levels: &["object"], columns: false },
    facts: FACTS,
    harmless: &[],
    guarded: &[],
    credentials: CREDENTIALS,
    proof: Proof::HostKey(&["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]),
    port: 12222,
};

/// What passwords are checked with, whose key opens an account, and the keys that hosts and accounts prove themselves
/// with; and the folder that these are in, which could be renamed with all that is in it. They are named only where
/// files are: a program that reads one is a program.
const CREDENTIALS: &[&str] =
    &["/etc/shadow*", "/etc/gshadow*", "/etc/ssh/ssh_host_*_key", "*/.ssh", "*/.ssh/authorized_keys*", "*/.ssh/id_*"];

/// Declares each action once, and the list of them all.
macro_rules! actions {
    ($($name:ident = $word:literal, $about:literal;)*) => {
        $(#[doc = $about] pub const $name: Action = Action($word);)*
        /// Every action, by its word.
        pub const ALL: &[&str] = &[$($word),*];
    };
}

/// The actions that channels and their requests are read as.
pub mod action {
    use super::Action;

    actions! {
        EXEC = "ssh.exec", "A command line runs; `scp`, `rsync` and `git` too, as what they start on the host.";
        SHELL = "ssh.shell", "The login shell opens, and runs whatever is typed.";
        PTY = "ssh.pty", "What runs is given a terminal.";
        ENV = "ssh.env", "A variable is set for what runs.";
        SUBSYSTEM = "ssh.subsystem", "A subsystem other than `sftp` starts.";
        SFTP = "ssh.sftp", "The subsystem `sftp` starts; what is done with files is asked for one by one.";
        SFTP_READ = "ssh.sftp_read", "A file is opened to be read.";
        SFTP_WRITE = "ssh.sftp_write", "A file is opened to be written, or made.";
        SFTP_LIST = "ssh.sftp_list", "The names in a folder are listed.";
        SFTP_STAT = "ssh.sftp_stat", "What kind of file it is, its size, owner and times, or the room on its disk.";
        SFTP_SETSTAT = "ssh.sftp_setstat", "Size, owner, mode or times of a file are changed.";
        SFTP_REMOVE = "ssh.sftp_remove", "A file is removed.";
        SFTP_RENAME = "ssh.sftp_rename", "A file or folder is renamed.";
        SFTP_MKDIR = "ssh.sftp_mkdir", "A folder is made.";
        SFTP_RMDIR = "ssh.sftp_rmdir", "A folder is removed.";
        SFTP_SYMLINK = "ssh.sftp_symlink", "A symbolic link is made.";
        SFTP_READLINK = "ssh.sftp_readlink", "Where a symbolic link leads.";
        SFTP_LINK = "ssh.sftp_link", "A second name for a file is made (a hard link).";
        SFTP_RESOLVE = "ssh.sftp_resolve", "What the absolute path of a name is, or where an account is at home.";
        SFTP_COPY = "ssh.sftp_copy", "Bytes of one open file are copied to another on the host.";
        SFTP_SYNC = "ssh.sftp_sync", "A file is written out to its disk.";
        SFTP_UNKNOWN = "ssh.sftp_unknown", "A file operation that is not known here.";
        AGENT = "ssh.agent", "The client's agent is offered to the host, which may have things signed with its keys.";
        X11 = "ssh.x11", "The client's screen is offered to the host, which may see and type there.";
        FORWARD = "ssh.forward", "A connection from the host to somewhere else (`-L`, `-W`, `-D`); part of the three below too.";
        FORWARD_REMOTE = "ssh.forward_remote", "The host listens on a port for the client (`-R`).";
        FORWARD_SOCKET = "ssh.forward_socket", "A connection to a socket on the host (`-L` to a path).";
        FORWARD_REMOTE_SOCKET = "ssh.forward_remote_socket", "The host listens on a socket for the client (`-R` of a path).";
        UNKNOWN = "ssh.unknown", "A channel or request that is not known here.";
    }
}

const FACTS: &[FactWord] = &[
    flag("unread", "the command line could not be read wholly, or a shell will run what nobody has seen"),
    text("command", "the program that the command line begins with, as it is named there"),
    list(
        "programs",
        "every program that the command line names, what `env`, `sudo`, `sh -c`, `xargs` and their like start included",
    ),
    list("argv", "the words of the command, where it is one and each word is known as it stands"),
    list("run_as", "the users that `sudo`, `doas` and `su` run something as"),
    flag("pipeline", "the output of one command is the input of another"),
    flag("several", "more than one command stands in it, one after the other or inside another's words"),
    flag("redirects", "a command reads from or writes to a file by `<`, `>` and their like; `/dev/null` aside"),
    flag("background", "something goes on running when the command line has ended"),
    flag("expands", "a word is only known on the host: a variable, a pattern, the output of a command"),
    flag("pty", "what runs has a terminal"),
    text("path", "the file that it is about; of two the one that it begins with"),
    list("paths", "the files that it is about"),
    number("bytes", "how many bytes are copied from one open file to another, where that is said"),
    text("host", "where a forward leads, or the address that is listened on; empty for all"),
    number("port", "the port of that; 0 where the host is to choose one"),
    text("tool", "what the command line is the far end of: `scp`, `rsync`, `git`, `sftp-server`"),
    text("direction", "`upload` or `download` of files, `push` or `fetch` of a repository"),
    text("repository", "the repository that `git` asks for, as it is named"),
    text("variable", "the name of the variable that is set"),
    text("value", "what it is set to"),
    text("subsystem", "the subsystem that starts"),
];

const fn flag(name: &'static str, about: &'static str) -> FactWord {
    FactWord { name, kind: FactKind::Flag, about }
}

const fn number(name: &'static str, about: &'static str) -> FactWord {
    FactWord { name, kind: FactKind::Number, about }
}

const fn text(name: &'static str, about: &'static str) -> FactWord {
    FactWord { name, kind: FactKind::Text, about }
}

const fn list(name: &'static str, about: &'static str) -> FactWord {
    FactWord { name, kind: FactKind::List, about }
}

#[cfg(test)]
mod tests;
