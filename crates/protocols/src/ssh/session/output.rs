//! What comes of a program: listened to for the injected credential, masked, recorded, and only then shown.
//!
//! The only way from the target to the client.

use std::time::Duration;

use bytes::Bytes;
use postern_core::mask::stream::{Echoed, Filter};
use postern_core::{Code, Fault};

use super::{Done, End, Session};
use crate::ssh::transport::{Number, Parcel, Stream};

/// How long what may be the beginning of something to hide is kept back where nothing follows it: less where a person
/// waits for the echo of a key.
const LINGER: Duration = Duration::from_millis(100);
const ECHO: Duration = Duration::from_millis(1);

/// How long a client that may still write does not hear that nothing more comes, where nobody knows how the program ends.
const SILENCE: Duration = Duration::from_secs(1);

impl Session {
    /// Shows what a program wrote, as far as it may leave.
    pub(super) async fn shown(&mut self, there: Number, stream: Stream, bytes: Bytes) -> Result<(), End> {
        let Some(number) = self.called.get(&there).copied() else { return Ok(()) };
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        if stream == Stream::Plain && channel.files.is_some() {
            return self.answers(number, bytes).await;
        }
        let linger = if channel.terminal.is_some() { ECHO } else { LINGER };
        let came = bytes.len();
        let Some(output) = channel.output(stream) else { return Ok(()) };
        let Ok(leaves) = output.filter.pass(bytes) else { return self.echoed().await };
        let lingers = output.filter.held() > 0;
        if lingers && !std::mem::replace(&mut output.lingers, lingers) {
            self.work.push(Box::pin(async move {
                tokio::time::sleep(linger).await;
                Done::Due(number)
            }));
        }
        // what is held does not keep more from coming
        channel.shown.fall(came);
        channel.shown.hold(leaves.len());
        self.show(number, stream, leaves)
    }

    /// Shows what was kept back of a channel: whoever reads it waits for no more before it says something. A secret that
    /// had begun with it is heard all the same.
    pub(super) async fn due(&mut self, number: Number) -> Result<(), End> {
        self.let_go(number, Filter::release).await
    }

    /// The same where nothing follows.
    pub(super) async fn ends(&mut self, number: Number) -> Result<(), End> {
        self.let_go(number, Filter::end).await
    }

    async fn let_go(&mut self, number: Number, take: impl Fn(&mut Filter) -> Result<Bytes, Echoed>) -> Result<(), End> {
        for stream in [Stream::Plain, Stream::Errors] {
            let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
            let Some(output) = channel.output(stream) else { return Ok(()) };
            output.lingers = false;
            let Ok(leaves) = take(&mut output.filter) else { return self.echoed().await };
            channel.shown.hold(leaves.len());
            self.show(number, stream, leaves)?;
        }
        Ok(())
    }

    /// The target writes no more on a channel.
    ///
    /// A client that writes no more either closes the channel on hearing it, and hears nothing behind that: so it hears first
    /// how the program ended. One that may still write hears it a little later in any case: the program may wait for what
    /// comes of it.
    pub(super) async fn silent(&mut self, there: Number) -> Result<(), End> {
        let Some(number) = self.called.get(&there).copied() else { return Ok(()) };
        self.ends(number).await?;
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        channel.silent = true;
        if channel.note.is_some() {
            self.tell_silence(number);
            return Ok(());
        }
        self.work.push(Box::pin(async move {
            tokio::time::sleep(SILENCE).await;
            Done::Silent(number)
        }));
        Ok(())
    }

    /// Nothing has been heard of how a program ends that writes no more.
    pub(super) fn still_silent(&mut self, number: Number) {
        if self.channels.get(&number).is_some_and(|channel| !channel.finished) {
            self.tell_silence(number);
        }
    }

    /// Tells a client that nothing more comes, where that is so.
    pub(super) fn tell_silence(&mut self, number: Number) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        if std::mem::take(&mut channel.silent) {
            channel.out.push(Parcel::Finish);
            self.press(number);
        }
    }

    /// The credential came back: not a byte more leaves.
    pub(super) async fn echoed(&mut self) -> Result<(), End> {
        let message = "the target sent back the credential that this session was opened with";
        self.gate.alert(Code::CredentialShown, message).await?;
        Err(Fault::gateway(Code::CredentialShown, message).hint("tell whoever runs the gateway").into())
    }

    fn show(&mut self, number: Number, stream: Stream, bytes: Bytes) -> Result<(), End> {
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        if bytes.is_empty() {
            return Ok(());
        }
        let operation = channel.operation();
        if channel.on_tape != stream {
            channel.on_tape = stream;
            let said: &[u8] = match stream {
                Stream::Plain => br#"{"stream":"stdout"}"#,
                Stream::Errors => br#"{"stream":"stderr"}"#,
            };
            self.gate.aside(operation, said)?;
        }
        // INVARIANT: what a client sees is recorded first
        self.gate.shown(operation, &bytes)?;
        channel.out.push(Parcel::Data(stream, bytes));
        self.press(number);
        Ok(())
    }
}
