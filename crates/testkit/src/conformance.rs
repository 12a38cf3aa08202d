//! What every protocol must hold to, whatever its bytes look like.
//!
//! A protocol's tests implement [`Subject`] (how a real client asks, what a real target saw) and call
//! `conformance!` once; the suite knows no protocol. Enter at [`Subject`].

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use postern_core::Code;
use postern_core::approval::{Answered, Choice};
use postern_core::gate::Lifetime;
use postern_core::journal::{Decided, Draft, Event};

use crate::fakes::Dwelling;

#[cfg(test)]
mod tests;

/// What a client can be made to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Something that a rule allows.
    Allowed,
    /// Something that no rule allows.
    Denied,
    /// Something that a rule lets a human decide; `dana`, whose token is `token-of-dana`, may.
    Held,
    /// Something allowed whose reply holds a masked value.
    Masked,
    /// Something allowed whose reply holds the injected credential.
    Echoed,
    /// Bytes that are none of the protocol's.
    Malformed,
}

/// What came back.
#[derive(Debug)]
pub struct Heard {
    /// Everything that the client could read, as text.
    pub text: String,
    /// Whether it was done.
    pub done: bool,
}

/// A protocol under test: a real target behind a gateway whose other doors are fakes.
pub trait Subject: Sized + Send + Sync {
    /// An open session of a client.
    type Session: Send;

    /// What the target answers to what is allowed, as it stands in the bytes for the client.
    const SHOWN: &'static str;
    /// The masked value, as the target holds it.
    const SECRET: &'static str;
    /// The injected credential.
    const CREDENTIAL: &'static str;

    /// Starts target and gateway.
    fn start() -> impl Future<Output = Result<Self>> + Send;

    /// The gateway's fakes.
    fn dwelling(&self) -> &Dwelling;

    /// Opens a session.
    fn open(&self) -> impl Future<Output = Result<Self::Session>> + Send;

    /// Asks, and waits for the end of the answer or of the connection.
    fn ask(&self, session: &mut Self::Session, ask: Ask) -> impl Future<Output = Result<Heard>> + Send;

    /// Whether the target has seen what this asks for.
    fn reached(&self, ask: Ask) -> Result<bool>;
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is denied never reaches the target, is journalled as denied, and leaves the session alive.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn denied_never_reaches_the_target<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    let heard = subject.ask(&mut session, Ask::Denied).await?;
    ensure!(!heard.done, "what no rule allows was done: {heard:?}");
    ensure!(!subject.reached(Ask::Denied)?, "the target saw what was denied");
    let denied = |event: &Event| matches!(event, Event::Operation { decided: Decided::Deny { .. }, .. });
    ensure!(subject.dwelling().journal.events().iter().any(denied), "the denial is not in the journal");
    let heard = subject.ask(&mut session, Ask::Allowed).await?;
    ensure!(heard.done, "the session did not outlive a denial: {heard:?}");
    Ok(())
}

/// Whether there is a record of what a client asks for among them; what the gateway asks the target for itself is none.
fn tell_of_an_operation(drafts: &[Draft]) -> bool {
    drafts.iter().any(|draft| matches!(draft.event, Event::Operation { .. }))
}

/// Nothing reaches the target before the journal has taken its record.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn nothing_is_sent_before_its_record<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    subject.dwelling().journal.hold_on(tell_of_an_operation);
    let early = async {
        let waited = tokio::time::timeout(PATIENCE, subject.dwelling().journal.waited_for()).await;
        // long enough for bytes that did not wait to arrive
        tokio::time::sleep(Duration::from_millis(300)).await;
        let early = subject.reached(Ask::Allowed);
        subject.dwelling().journal.release();
        waited.context("no operation was written to the journal")?;
        early
    };
    let (heard, early) = tokio::join!(subject.ask(&mut session, Ask::Allowed), early);
    ensure!(!early?, "the target saw an operation before its record was written");
    ensure!(heard?.done && subject.reached(Ask::Allowed)?, "a recorded operation was not done");
    Ok(())
}

/// Once the journal cannot be written, nothing goes through any more.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn a_lost_journal_stops_everything<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    subject.dwelling().journal.fail_on(tell_of_an_operation);
    let heard = subject.ask(&mut session, Ask::Allowed).await?;
    ensure!(!heard.done, "an operation went through without its record: {heard:?}");
    ensure!(!subject.reached(Ask::Allowed)?, "the target saw an operation without its record");
    subject.dwelling().journal.fail_from(0);
    ensure!(subject.open().await.is_err(), "a session was opened without its record");
    Ok(())
}

/// A masked value is seen by nobody whom its mask binds, and stands in no record.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn a_masked_value_is_nowhere<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    let heard = subject.ask(&mut session, Ask::Masked).await?;
    ensure!(heard.done, "what is masked can be asked for: {heard:?}");
    ensure!(subject.reached(Ask::Masked)?, "the target did not see the question");
    ensure!(!heard.text.contains(S::SECRET), "the client saw the masked value");
    ensure!(!subject.dwelling().journal.text().contains(S::SECRET), "the journal holds the masked value");
    ensure!(!subject.dwelling().recordings.text()?.contains(S::SECRET), "the recording holds the masked value");
    Ok(())
}

/// What a client sees is in the recording of its session by then.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn what_a_client_sees_is_recorded<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    let heard = subject.ask(&mut session, Ask::Allowed).await?;
    ensure!(heard.done, "what is allowed is not done");
    ensure!(heard.text.contains(S::SHOWN), "the client did not see what the target answered: {heard:?}");
    let shown = subject.dwelling().recordings.shown()?;
    ensure!(shown.contains(S::SHOWN), "the client saw what was not recorded");
    Ok(())
}

/// Once a session cannot be recorded, its client sees nothing more of the target's.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn what_cannot_be_recorded_is_not_shown<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    ensure!(subject.ask(&mut session, Ask::Allowed).await?.done, "what is allowed is not done");
    subject.dwelling().recordings.fail();
    let heard = subject.ask(&mut session, Ask::Allowed).await?;
    ensure!(!heard.done, "the client saw what cannot be recorded: {heard:?}");
    ensure!(subject.open().await.is_err(), "a session was opened that cannot be recorded");
    Ok(())
}

/// Bytes that are none of the protocol's end their own session, and no other.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn malformed_input_ends_its_own_session_only<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let (mut bad, mut good) = (subject.open().await?, subject.open().await?);
    let heard = subject.ask(&mut bad, Ask::Malformed).await?;
    ensure!(!heard.done, "malformed input was taken: {heard:?}");
    ensure!(subject.ask(&mut bad, Ask::Allowed).await.map_or(true, |heard| !heard.done), "its session went on");
    ensure!(subject.ask(&mut good, Ask::Allowed).await?.done, "another session suffered");
    ensure!(subject.ask(&mut subject.open().await?, Ask::Allowed).await?.done, "no new session can be opened");
    Ok(())
}

/// What waits for a human reaches the target after the approval and not before, and never after a denial.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn what_waits_runs_only_once_approved<S: Subject>() -> Result<()> {
    for choice in [Choice::Deny, Choice::Approve] {
        let subject = S::start().await?;
        let mut session = subject.open().await?;
        let answer = async {
            let asked = tokio::time::timeout(PATIENCE, subject.dwelling().approvals.asked()).await;
            let asked = asked.context("no human was asked")?;
            if subject.reached(Ask::Held)? {
                bail!("the target saw what still waits");
            }
            anyhow::Ok(subject.dwelling().answer("token-of-dana", asked.id, choice).await?)
        };
        // where the answer is not given, nothing comes of the question
        let (heard, _) = tokio::try_join!(subject.ask(&mut session, Ask::Held), answer)?;
        let approved = choice == Choice::Approve;
        ensure!(heard.done == approved, "after {choice:?}: {heard:?}");
        ensure!(subject.reached(Ask::Held)? == approved, "after {choice:?} the target saw the wrong thing");
    }
    Ok(())
}

/// What its client does not wait for any more can neither be approved nor run.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn what_is_taken_back_never_runs<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    let asked = tokio::select! {
        heard = subject.ask(&mut session, Ask::Held) => bail!("it did not wait: {:?}", heard?),
        asked = tokio::time::timeout(PATIENCE, subject.dwelling().approvals.asked()) => asked?,
    };
    drop(session);
    let closed = |event: &Event| matches!(event, Event::SessionClosed { .. });
    ensure!(comes(&subject, closed).await, "the session did not end with its client");
    let answered = subject.dwelling().answer("token-of-dana", asked.id, Choice::Approve).await?;
    ensure!(matches!(answered, Answered::Refused(_)), "it can be approved although nobody waits for it: {answered:?}");
    ensure!(!subject.reached(Ask::Held)?, "the target saw what was taken back");
    let denied = |event: &Event| matches!(event, Event::Operation { decided: Decided::Deny { .. }, .. });
    ensure!(subject.dwelling().journal.events().iter().any(denied), "the journal does not say that it was taken back");
    Ok(())
}

/// A session ends with its time, although its client does nothing.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn a_session_that_is_over_ends<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut session = subject.open().await?;
    ensure!(subject.ask(&mut session, Ask::Allowed).await?.done, "it ended before its time");
    subject.dwelling().clock.advance(Lifetime::default().longest);
    let code = Code::SessionOver.to_string();
    let closed = |event: &Event| matches!(event, Event::SessionClosed { reason } if reason.contains(&code));
    ensure!(comes(&subject, closed).await, "the session did not end with its time");
    ensure!(subject.ask(&mut session, Ask::Allowed).await.map_or(true, |heard| !heard.done), "its client goes on");
    Ok(())
}

/// Whether the journal holds such an event within the five seconds that a session has to end.
async fn comes<S: Subject>(subject: &S, wanted: impl Fn(&Event) -> bool) -> bool {
    let came = async {
        while !subject.dwelling().journal.events().iter().any(&wanted) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), came).await.is_ok()
}

/// The injected credential reaches neither a client nor a record, whatever is asked.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn the_credential_stays_inside<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let mut seen = String::new();
    for ask in [Ask::Allowed, Ask::Denied, Ask::Masked, Ask::Echoed, Ask::Malformed] {
        seen.push_str(&subject.ask(&mut subject.open().await?, ask).await?.text);
    }
    ensure!(!seen.is_empty(), "the client heard nothing at all");
    ensure!(!seen.contains(S::CREDENTIAL), "a client saw the injected credential");
    ensure!(!subject.dwelling().journal.text().contains(S::CREDENTIAL), "the journal holds the injected credential");
    Ok(())
}

/// A session in which the target sends the injected credential back ends, with an alert, and nobody sees it.
///
/// # Errors
/// Where the protocol does not hold to it.
pub async fn a_credential_that_comes_back_ends_its_session<S: Subject>() -> Result<()> {
    let subject = S::start().await?;
    let (mut session, mut other) = (subject.open().await?, subject.open().await?);
    let heard = subject.ask(&mut session, Ask::Echoed).await?;
    ensure!(subject.reached(Ask::Echoed)?, "the target did not see the question");
    ensure!(!heard.text.contains(S::CREDENTIAL), "a client saw the injected credential");
    ensure!(!heard.done, "a reply with the credential in it came to its end: {heard:?}");
    let code = Code::CredentialShown.to_string();
    let alert = |event: &Event| matches!(event, Event::Alert { code: said, .. } if *said == code);
    ensure!(comes(&subject, alert).await, "there is no alert");
    let closed = |event: &Event| matches!(event, Event::SessionClosed { .. });
    ensure!(comes(&subject, closed).await, "its session went on");
    ensure!(!subject.dwelling().journal.text().contains(S::CREDENTIAL), "the journal holds the injected credential");
    ensure!(!subject.dwelling().recordings.text()?.contains(S::CREDENTIAL), "the recording holds the credential");
    ensure!(subject.ask(&mut other, Ask::Allowed).await?.done, "another session suffered");
    Ok(())
}

/// Runs the whole suite on one [`Subject`], a test each.
#[macro_export]
macro_rules! conformance {
    ($subject:ty) => {
        $crate::conformance!($subject:
            denied_never_reaches_the_target,
            nothing_is_sent_before_its_record,
            a_lost_journal_stops_everything,
            a_masked_value_is_nowhere,
            what_a_client_sees_is_recorded,
            what_cannot_be_recorded_is_not_shown,
            malformed_input_ends_its_own_session_only,
            what_waits_runs_only_once_approved,
            what_is_taken_back_never_runs,
            a_session_that_is_over_ends,
            the_credential_stays_inside,
            a_credential_that_comes_back_ends_its_session,
        );
    };
    ($subject:ty: $($name:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() -> anyhow::Result<()> {
                $crate::conformance::$name::<$subject>().await
            }
        )*
    };
}
