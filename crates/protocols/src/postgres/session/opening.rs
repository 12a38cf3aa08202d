//! What a login asks of the server besides being let in: a walsender, settings. It is decided before the server is asked.
//!
//! It decides nothing. INVARIANT: but for the few settings that every driver sends, a client sets nothing as it connects
//! that it may not SET once connected, and the journal says what. Enter at [`open`].

use std::sync::Arc;

use bytes::Bytes;
use postern_core::gate::{Asked, Decision, Gate, Open, Standing};
use postern_core::{Code, Denial, Fault, OperationId};

use super::super::analyze::{self, Names, Statement, replication};
use super::super::catalog::Catalog;
use super::super::login::settings::{Replication, Settings};
use super::submission::{Request, Wanted};

/// Asks for all of it; what the settings were decided as, to say how that ended. `None` where none is asked for.
///
/// # Errors
///
/// Where the policy does not let it through, or the journal does not take the record.
pub(in super::super) async fn open(gate: &mut Gate<Open>, settings: &Settings) -> Result<Option<OperationId>, Fault> {
    let (walsender, set) = read(gate.space(), settings);
    if let Some(walsender) = walsender {
        // a server has few of them; what it then does is decided as it comes, and what waits for a human does so then
        ask(gate, vec![walsender], Wanted::Prepare(Bytes::new())).await?;
    }
    if set.is_empty() { Ok(None) } else { ask(gate, set, Wanted::Run).await.map(Some) }
}

/// The walsender that is wanted, and what is set.
fn read(database: &str, settings: &Settings) -> (Option<Statement>, Vec<Statement>) {
    let catalog = Catalog::empty(database);
    // names for what names nothing
    let names = Names::of(&catalog, &[], "");
    let walsender = settings.replication.map(|kind| replication::opening(kind == Replication::Logical, &names));
    let set = settings.decided.iter().map(|(name, value)| analyze::set_as_it_begins(name, value, &names));
    (walsender, set.collect())
}

async fn ask(gate: &mut Gate<Open>, statements: Vec<Statement>, wanted: Wanted) -> Result<OperationId, Fault> {
    let texts: Vec<&str> = statements.iter().map(|statement| &*statement.text).collect();
    let request = Request::new(Bytes::from(texts.join("; ")), wanted);
    let request = Request { statements: Arc::from(statements), ..request };
    let asked = match gate.submit(request.operations(&Arc::default(), Some(&request.text)), Bytes::new().into()).await?
    {
        Decision::Go(permit) => Asked::Go(permit),
        Decision::No(denial) => Asked::No(denial),
        Decision::Ask(asking) => gate.ask(asking, Standing::Unable(unable())).await?,
    };
    match asked {
        // what it permits is the login that comes next, of which no byte is the client's
        Asked::Go(permit) => Ok(permit.id()),
        Asked::No(denial) => Err(refused(denial)),
        Asked::Wait(held) => Err(refused(gate.withdraw(*held).await?)),
    }
}

fn unable() -> Denial {
    let denial = Denial::new(Code::NotAllowed, "a human must approve what the client sets as it connects");
    denial.hint("leave it out of the connection string, and SET it once connected: that can wait")
}

fn refused(denial: Denial) -> Fault {
    let message = match &denial.rule {
        Some(rule) => format!("{} (rule `{rule}`)", denial.message),
        None => denial.message,
    };
    let fault = Fault::client(denial.code, message);
    denial.hint.into_iter().fold(fault, Fault::hint)
}
