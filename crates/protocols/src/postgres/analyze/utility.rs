//! Every statement that is not a query: which kind it is, and where it is read.
//!
//! The match names each kind of statement that the grammar knows. What it does not name is opaque and
//! of unknown effect.

use pg_query::NodeEnum;
use pg_query::protobuf::{CallStmt, LockStmt, Node, TruncateStmt};
use postern_core::operation::{Columns, Effect, Object, Outputs};

use super::Kind;
use super::facts::Restriction;
use super::scope::Scope;
use super::statement::{Outcome, Reader};
use crate::postgres::vocabulary::action;

/// `AccessShareLock` of the server's `lockdefs.h`: what reading takes anyway.
const ACCESS_SHARE: i32 = 1;

impl Reader<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is tried in turn, and at last is opaque")]
    pub(super) fn utility(&mut self, node: &NodeEnum) -> Outcome {
        match node {
            NodeEnum::TransactionStmt(statement) => self.transaction(statement),
            NodeEnum::VariableSetStmt(statement) => self.set(statement),
            NodeEnum::VariableShowStmt(statement) => self.show(statement),
            NodeEnum::ConstraintsSetStmt(_) => Outcome::plain(action::SET_CONSTRAINTS),
            NodeEnum::DiscardStmt(statement) => self.discard(statement.target()),
            NodeEnum::PrepareStmt(statement) => self.prepare(statement),
            NodeEnum::ExecuteStmt(statement) => self.execute(statement),
            NodeEnum::DeallocateStmt(statement) => {
                let name = (!statement.name.is_empty()).then(|| statement.name.clone());
                Outcome::of(action::DEALLOCATE, Kind::Deallocate(name))
            }
            NodeEnum::DeclareCursorStmt(statement) => self.declare(statement),
            NodeEnum::FetchStmt(statement) => self.fetch(statement),
            NodeEnum::ClosePortalStmt(statement) => {
                let name = (!statement.portalname.is_empty()).then(|| statement.portalname.clone());
                Outcome::of(action::CLOSE, Kind::CloseCursor(name))
            }
            NodeEnum::ListenStmt(statement) => {
                self.found.whole(Effect::Transfer, self.channel(&statement.conditionname));
                Outcome::of(action::LISTEN, Kind::Listen(statement.conditionname.clone()))
            }
            NodeEnum::UnlistenStmt(statement) => {
                let name = &statement.conditionname;
                let one = !name.is_empty() && name != "*";
                Outcome::of(action::UNLISTEN, Kind::Unlisten(one.then(|| name.clone())))
            }
            NodeEnum::NotifyStmt(statement) => {
                self.found.whole(Effect::Transfer, self.channel(&statement.conditionname));
                Outcome::plain(action::NOTIFY)
            }
            NodeEnum::TruncateStmt(statement) => self.truncate(statement),
            NodeEnum::LockStmt(statement) => self.lock(statement),
            NodeEnum::CallStmt(statement) => self.call_procedure(statement),
            NodeEnum::DoStmt(_) => self.do_block(),
            NodeEnum::CopyStmt(statement) => self.copy_statement(statement),
            NodeEnum::ExplainStmt(statement) => self.explain(statement),
            NodeEnum::SelectStmt(_) | NodeEnum::CreateTableAsStmt(_) | NodeEnum::RefreshMatViewStmt(_) => {
                self.stores(node)
            }
            other => self.structure(other),
        }
    }

    fn channel(&self, name: &str) -> Object {
        self.names.catalog.object([name])
    }

    fn truncate(&mut self, statement: &TruncateStmt) -> Outcome {
        for relation in self.relations_of(&statement.relations) {
            for object in &relation.objects {
                self.found.table(object);
            }
            self.touch(Effect::Delete, &relation, &Columns::None);
        }
        self.found.restrict(Restriction::nothing());
        Outcome::plain(action::TRUNCATE)
    }

    fn lock(&mut self, statement: &LockStmt) -> Outcome {
        let effect = if statement.mode <= ACCESS_SHARE { Effect::Read } else { Effect::Write };
        for relation in self.relations_of(&statement.relations) {
            for object in &relation.objects {
                self.found.table(object);
            }
            self.touch(effect, &relation, &Columns::None);
        }
        self.found.locks = true;
        Outcome::plain(action::LOCK)
    }

    /// The relations in a list of names.
    pub(super) fn relations_of(&mut self, nodes: &[Node]) -> Vec<super::relation::Named> {
        let mut found = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &node.node {
                Some(NodeEnum::RangeVar(name)) => found.push(self.named(name)),
                other => self.unreadable("a relation", other.as_ref()),
            }
        }
        found
    }

    /// `CALL`: the procedure may do anything.
    fn call_procedure(&mut self, statement: &CallStmt) -> Outcome {
        if let Some(call) = &statement.funccall {
            let arguments = self.values_of(&call.args, &Scope::default());
            self.found.consult(arguments);
            self.touch_procedure(&super::statement::strings(&call.funcname));
        }
        self.found.dynamic = true;
        Outcome { outputs: Outputs::Unknown, ..Outcome::plain(action::CALL) }
    }

    fn do_block(&mut self) -> Outcome {
        self.found.dynamic = true;
        self.found.whole(Effect::Unknown, super::statement::session());
        self.found.opaque("DO runs code that is not read");
        Outcome::plain(action::DO)
    }
}
