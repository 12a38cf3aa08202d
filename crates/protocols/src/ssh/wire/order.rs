//! What a target is told to do, as bytes and back: a permit carries these bytes, and what is done is read from them.
//!
//! INVARIANT: what runs is what was decided about. The words are those of RFC 4254, each a length and its bytes. Enter at
//! [`Order::encoded`] and [`Order::decode`].

use bytes::Bytes;

use crate::ssh::transport::{Beyond, Screen, Size, Task, Terminal, Wish};

#[cfg(test)]
mod tests;

/// Something that a target does only with a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ssh) enum Order {
    /// Something around a program that has not begun.
    Wish(Wish),
    /// A program.
    Begin(Task),
    /// A connection from there to somewhere else.
    Connect(Beyond),
    /// Connections that come in there.
    Listen(Beyond),
}

impl Order {
    /// As bytes.
    pub(in crate::ssh) fn encoded(&self) -> Bytes {
        let mut out = Vec::new();
        match self {
            Self::Wish(Wish::Terminal(Terminal { term, size, modes })) => {
                words(&mut out, &[b"pty-req", term.as_bytes()]);
                [size.columns, size.rows, size.width, size.height].into_iter().for_each(|one| number(&mut out, one));
                for (mode, value) in modes {
                    out.push(*mode);
                    number(&mut out, *value);
                }
            }
            Self::Wish(Wish::Variable { name, value }) => {
                words(&mut out, &[b"env", name.as_bytes(), value.as_bytes()]);
            }
            Self::Wish(Wish::Agent) => words(&mut out, &[b"auth-agent-req@openssh.com"]),
            Self::Wish(Wish::Screen(Screen { once, protocol, cookie, number: screen })) => {
                words(&mut out, &[b"x11-req", protocol.as_bytes(), cookie.as_bytes()]);
                number(&mut out, *screen);
                out.push(u8::from(*once));
            }
            Self::Begin(Task::Shell) => words(&mut out, &[b"shell"]),
            Self::Begin(Task::Exec(command)) => words(&mut out, &[b"exec", command]),
            Self::Begin(Task::Subsystem(name)) => words(&mut out, &[b"subsystem", name.as_bytes()]),
            Self::Connect(Beyond::Tcp { host, port }) => {
                words(&mut out, &[b"direct-tcpip", host.as_bytes()]);
                number(&mut out, *port);
            }
            Self::Connect(Beyond::Socket(path)) => {
                words(&mut out, &[b"direct-streamlocal@openssh.com", path.as_bytes()]);
            }
            Self::Listen(Beyond::Tcp { host, port }) => {
                words(&mut out, &[b"tcpip-forward", host.as_bytes()]);
                number(&mut out, *port);
            }
            Self::Listen(Beyond::Socket(path)) => {
                words(&mut out, &[b"streamlocal-forward@openssh.com", path.as_bytes()]);
            }
        }
        out.into()
    }

    /// What the bytes say; nothing where they say nothing, or more.
    pub(in crate::ssh) fn decode(bytes: &Bytes) -> Option<Self> {
        let mut rest = Rest(bytes.clone());
        let kind = rest.word()?;
        let order = match &*kind {
            b"pty-req" => {
                let term = rest.text()?;
                let [columns, rows, width, height] = [rest.number()?, rest.number()?, rest.number()?, rest.number()?];
                let mut modes = Vec::new();
                while !rest.0.is_empty() {
                    let mode = *rest.take(1)?.first()?;
                    modes.push((mode, rest.number()?));
                }
                Self::Wish(Wish::Terminal(Terminal { term, size: Size { columns, rows, width, height }, modes }))
            }
            b"env" => Self::Wish(Wish::Variable { name: rest.text()?, value: rest.text()? }),
            b"auth-agent-req@openssh.com" => Self::Wish(Wish::Agent),
            b"x11-req" => {
                let (protocol, cookie, number) = (rest.text()?, rest.text()?, rest.number()?);
                let once = match *rest.take(1)?.first()? {
                    0 => false,
                    1 => true,
                    _ => return None,
                };
                Self::Wish(Wish::Screen(Screen { once, protocol, cookie, number }))
            }
            b"shell" => Self::Begin(Task::Shell),
            b"exec" => Self::Begin(Task::Exec(rest.word()?)),
            b"subsystem" => Self::Begin(Task::Subsystem(rest.text()?)),
            b"direct-tcpip" => Self::Connect(Beyond::Tcp { host: rest.text()?, port: rest.number()? }),
            b"direct-streamlocal@openssh.com" => Self::Connect(Beyond::Socket(rest.text()?)),
            b"tcpip-forward" => Self::Listen(Beyond::Tcp { host: rest.text()?, port: rest.number()? }),
            b"streamlocal-forward@openssh.com" => Self::Listen(Beyond::Socket(rest.text()?)),
            _ => return None,
        };
        rest.0.is_empty().then_some(order)
    }
}

fn words(out: &mut Vec<u8>, words: &[&[u8]]) {
    for word in words {
        // INVARIANT: a packet holds no word that four bytes do not count
        number(out, u32::try_from(word.len()).unwrap_or(u32::MAX));
        out.extend_from_slice(word);
    }
}

fn number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// What is not read yet.
struct Rest(Bytes);

impl Rest {
    fn take(&mut self, length: usize) -> Option<Bytes> {
        (length <= self.0.len()).then(|| self.0.split_to(length))
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    fn word(&mut self) -> Option<Bytes> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.word()?.to_vec()).ok()
    }
}
