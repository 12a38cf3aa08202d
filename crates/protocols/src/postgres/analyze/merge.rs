//! `MERGE`: several changes of one table, row by row.
//!
//! Each of its branches is one of the statements that it stands for, and counts as that.

use pg_query::NodeEnum;
use pg_query::protobuf::{CmdType, MergeMatchKind, MergeStmt, MergeWhenClause};
use postern_core::operation::{Columns, Effect};

use super::dml::filled;
use super::facts::{Limited, Restriction};
use super::query::Rows;
use super::relation::Named;
use super::scope::{Item, Scope};
use super::statement::Reader;
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    pub(super) fn merge_into(&mut self, merge: &MergeStmt, outer: &Scope<'_>) -> Rows {
        self.found.action(action::MERGE);
        let around = self.with(&merge.with_clause, outer);
        let mut level = around.inner();
        let Some(relation) = &merge.relation else {
            self.found.opaque("MERGE without a table");
            return Rows::default();
        };
        let named = self.named(relation);
        let target = self.target_item(relation, &named);
        if let Some(source) = merge.source_relation.as_deref() {
            self.bring_in(std::slice::from_ref(source), &mut level);
        }
        // unlike those of the other statements, its `*` begins with what is merged
        level.items.push(target.clone());
        if let Some(condition) = &merge.join_condition {
            self.consult(condition, &level);
        }
        for clause in &merge.merge_when_clauses {
            match &clause.node {
                Some(NodeEnum::MergeWhenClause(when)) => {
                    self.when(when, &named, &target, &level);
                    let changes = matches!(when.command_type(), CmdType::CmdUpdate | CmdType::CmdDelete);
                    if changes {
                        // rows without a match are those that the join condition does not reach
                        let clause = match when.match_kind() {
                            MergeMatchKind::MergeWhenNotMatchedBySource => when.condition.as_deref(),
                            MergeMatchKind::MergeWhenMatched
                            | MergeMatchKind::MergeWhenNotMatchedByTarget
                            | MergeMatchKind::Undefined => merge.join_condition.as_deref(),
                        };
                        let of = Limited { name: target.name.as_deref(), alone: false };
                        self.found.restrict(Restriction::of(clause, of));
                    }
                }
                other => self.unreadable("a clause of MERGE", other.as_ref()),
            }
        }
        self.returning(merge.returning_clause.as_ref(), &target, &level)
    }

    fn when(&mut self, when: &MergeWhenClause, named: &Named, target: &Item, level: &Scope<'_>) {
        if let Some(condition) = &when.condition {
            self.consult(condition, level);
        }
        match when.command_type() {
            CmdType::CmdInsert => {
                self.found.action(action::INSERT);
                self.merge_insert(when, named, target, level);
            }
            CmdType::CmdUpdate => {
                self.found.action(action::UPDATE);
                self.assignments(&when.target_list, named, level);
            }
            CmdType::CmdDelete => {
                self.found.action(action::DELETE);
                self.touch(Effect::Delete, named, &Columns::None);
            }
            CmdType::CmdNothing => {}
            CmdType::Undefined | CmdType::CmdUnknown | CmdType::CmdSelect | CmdType::CmdMerge | CmdType::CmdUtility => {
                self.found.opaque("an unknown action of MERGE")
            }
        }
    }

    fn merge_insert(&mut self, when: &MergeWhenClause, named: &Named, target: &Item, level: &Scope<'_>) {
        let listed = self.target_columns(&when.target_list, level);
        let written = if listed.is_empty() { Columns::All } else { Columns::Named(listed.iter().cloned().collect()) };
        self.touch(Effect::Write, named, &written);
        let rows = self.cells(&when.values, level);
        self.stored(&rows, &listed, named, target);
        self.give_row(&when.values, &filled(&listed, target), named);
    }
}
