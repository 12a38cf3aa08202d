//! Tables, views, indexes, sequences: what is made, and what runs inside it.
//!
//! Expressions in defaults, checks and indexes run later, as somebody else: their functions count now.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType, ColumnDef, Constraint, CreateStmt, IndexStmt, Node,
    PartitionBoundSpec, PartitionSpec, RangeVar, RuleStmt, ViewStmt,
};
use postern_core::operation::{Columns, Effect};

use super::super::Kind;
use super::super::scope::Scope;
use super::super::statement::{Outcome, Reader, strings};
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is tried in turn, and at last is opaque")]
    pub(super) fn table_statement(&mut self, node: &NodeEnum) -> Outcome {
        match node {
            NodeEnum::CreateStmt(statement) => self.create_table(statement),
            NodeEnum::CreateForeignTableStmt(statement) => {
                if let Some(table) = &statement.base_stmt {
                    self.create_table(table);
                }
                self.found.whole(Effect::Define, self.of_database(&statement.servername));
                Outcome::of(action::FOREIGN, Kind::Define)
            }
            NodeEnum::AlterTableStmt(statement) => self.alter_table(statement),
            NodeEnum::ViewStmt(statement) => self.create_view(statement),
            NodeEnum::IndexStmt(statement) => self.create_index(statement),
            NodeEnum::RuleStmt(statement) => self.create_rule(statement),
            NodeEnum::CreateSeqStmt(statement) => self.makes(statement.sequence.as_ref()),
            NodeEnum::AlterSeqStmt(statement) => self.alters(statement.sequence.as_ref(), action::ALTER),
            NodeEnum::CreateStatsStmt(statement) => {
                let relations = self.relations_of(&statement.relations);
                for relation in &relations {
                    self.touch(Effect::Define, relation, &Columns::None);
                }
                for node in &statement.exprs {
                    if let Some(NodeEnum::StatsElem(element)) = &node.node {
                        self.kept_expressions(element.expr.as_deref());
                    }
                }
                Outcome::of(action::CREATE, Kind::Define)
            }
            other => self.create_statement(other),
        }
    }

    pub(super) fn makes(&mut self, name: Option<&RangeVar>) -> Outcome {
        match name {
            Some(name) => {
                let object = self.made(name);
                self.found.table(&object);
                self.found.whole(Effect::Define, object);
            }
            None => self.found.opaque("a new relation without a name"),
        }
        Outcome::of(action::CREATE, Kind::Define)
    }

    pub(super) fn alters(&mut self, name: Option<&RangeVar>, action: postern_core::operation::Action) -> Outcome {
        match name {
            Some(name) => {
                let named = self.named(name);
                for object in &named.objects {
                    self.found.table(object);
                }
                self.touch(Effect::Define, &named, &Columns::None);
            }
            None => self.found.opaque("a relation without a name"),
        }
        Outcome::of(action, Kind::Define)
    }

    fn create_table(&mut self, create: &CreateStmt) -> Outcome {
        let outcome = self.makes(create.relation.as_ref());
        for element in create.table_elts.iter().chain(&create.constraints).chain(&create.nnconstraints) {
            self.table_element(element);
        }
        // a partition or an heir joins the table above it
        for parent in self.relations_of(&create.inh_relations) {
            self.touch(Effect::Define, &parent, &Columns::None);
        }
        if let Some(partition) = &create.partspec {
            self.partition(partition);
        }
        if let Some(bound) = &create.partbound {
            self.bound(bound);
        }
        outcome
    }

    fn table_element(&mut self, node: &Node) {
        match &node.node {
            Some(NodeEnum::ColumnDef(column)) => self.column(column),
            Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
            Some(NodeEnum::TableLikeClause(like)) => {
                if let Some(relation) = &like.relation {
                    let named = self.named(relation);
                    self.touch(Effect::Read, &named, &Columns::None);
                }
            }
            other => self.unreadable("an element of a table", other.as_ref()),
        }
    }

    fn column(&mut self, column: &ColumnDef) {
        self.kept_expressions(column.raw_default.as_deref());
        for node in &column.constraints {
            match &node.node {
                Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
                other => self.unreadable("a constraint", other.as_ref()),
            }
        }
    }

    pub(super) fn constraint(&mut self, constraint: &Constraint) {
        self.tries(strings(&constraint.keys).into_iter().chain(strings(&constraint.fk_attrs)));
        self.kept_expressions(constraint.raw_expr.as_deref());
        self.kept_expressions(constraint.where_clause.as_deref());
        for exclusion in &constraint.exclusions {
            if let Some(NodeEnum::List(pair)) = &exclusion.node {
                for part in &pair.items {
                    self.exclusion(part);
                }
            }
        }
        if let Some(other) = &constraint.pktable {
            let named = self.named(other);
            // making a foreign key needs the right to refer to the table, not to read it
            self.touch(Effect::Define, &named, &Columns::None);
        }
    }

    fn exclusion(&mut self, part: &Node) {
        match &part.node {
            Some(NodeEnum::IndexElem(element)) => self.kept_expressions(element.expr.as_deref()),
            Some(NodeEnum::List(operator)) => {
                self.operator(&operator.items);
            }
            other => self.unreadable("an exclusion", other.as_ref()),
        }
    }

    fn partition(&mut self, partition: &PartitionSpec) {
        for node in &partition.part_params {
            match &node.node {
                Some(NodeEnum::PartitionElem(element)) => self.kept_expressions(element.expr.as_deref()),
                other => self.unreadable("a partition key", other.as_ref()),
            }
        }
    }

    fn bound(&mut self, bound: &PartitionBoundSpec) {
        let datums = bound.listdatums.iter().chain(&bound.lowerdatums).chain(&bound.upperdatums);
        for datum in datums {
            match &datum.node {
                Some(NodeEnum::PartitionRangeDatum(datum)) => self.kept_expressions(datum.value.as_deref()),
                _ => self.kept_expressions([datum]),
            }
        }
    }

    fn alter_table(&mut self, alter: &AlterTableStmt) -> Outcome {
        let outcome = self.alters(alter.relation.as_ref(), action::ALTER);
        let mut level = Scope::default();
        if let Some(relation) = &alter.relation {
            let named = self.named(relation);
            let rows = self.target_item(relation, &named);
            self.tried = Some(rows.clone());
            level.items.push(rows);
        }
        for node in &alter.cmds {
            match &node.node {
                Some(NodeEnum::AlterTableCmd(command)) => self.alter_command(command, alter.relation.as_ref(), &level),
                other => self.unreadable("a change of a table", other.as_ref()),
            }
        }
        self.tried = None;
        outcome
    }

    fn alter_command(&mut self, command: &AlterTableCmd, relation: Option<&RangeVar>, level: &Scope<'_>) {
        let definition = command.def.as_deref().and_then(|node| node.node.as_ref());
        if let Some(relation) = relation.filter(|_| rewrites(command.subtype())) {
            let named = self.named(relation);
            self.overwritten(&named, &command.name.as_str().into());
        }
        if command.subtype() == AlterTableType::AtSetNotNull {
            self.tries([command.name.as_str()]);
        }
        if is_guard(command.subtype()) {
            self.found.action(action::POLICY);
        }
        match definition {
            Some(NodeEnum::ColumnDef(column)) if command.subtype() == AlterTableType::AtAlterColumnType => {
                // USING puts other columns of the row into this one
                let source = self.optional(column.raw_default.as_deref(), level);
                if let Some(relation) = relation {
                    let named = self.named(relation);
                    self.copy(&source, Some(&command.name.as_str().into()), &named, None);
                }
            }
            Some(NodeEnum::ColumnDef(column)) => self.column(column),
            Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
            Some(NodeEnum::RangeVar(other)) => {
                // INHERIT, NO INHERIT
                let named = self.named(other);
                self.touch(Effect::Define, &named, &Columns::None);
            }
            Some(NodeEnum::PartitionCmd(partition)) => {
                if let Some(other) = &partition.name {
                    let named = self.named(other);
                    self.touch(Effect::Define, &named, &Columns::None);
                }
                if let Some(bound) = &partition.bound {
                    self.bound(bound);
                }
            }
            Some(
                NodeEnum::List(_)
                | NodeEnum::String(_)
                | NodeEnum::Integer(_)
                | NodeEnum::DefElem(_)
                | NodeEnum::RoleSpec(_)
                | NodeEnum::TypeName(_)
                | NodeEnum::ReplicaIdentityStmt(_)
                | NodeEnum::AtalterConstraint(_),
            )
            | None => {}
            Some(_) => {
                // a default, or the expression of a generated column
                let node = command.def.as_deref();
                self.kept_expressions(node);
            }
        }
    }

    /// The view's query is its maker's: whoever reads the view later reads the view, but what the query
    /// decides by, the maker decides now.
    fn create_view(&mut self, view: &ViewStmt) -> Outcome {
        let outcome = self.makes(view.view.as_ref());
        self.query(view.query.as_deref(), &Scope::default());
        outcome
    }

    fn create_index(&mut self, index: &IndexStmt) -> Outcome {
        let outcome = self.alters(index.relation.as_ref(), action::CREATE);
        let assumed = self.names.catalog.is_assumed();
        self.tried = index.relation.as_ref().map(|relation| self.named(relation).item(assumed));
        for node in index.index_params.iter().chain(&index.index_including_params) {
            match &node.node {
                Some(NodeEnum::IndexElem(element)) => {
                    self.kept_expressions(element.expr.as_deref());
                    self.tries(index.unique.then_some(element.name.as_str()));
                }
                other => self.unreadable("an index column", other.as_ref()),
            }
        }
        self.kept_expressions(index.where_clause.as_deref());
        self.tried = None;
        outcome
    }

    /// A rule runs its statements whenever its table is used: it is their maker who must be allowed to
    /// run them.
    fn create_rule(&mut self, rule: &RuleStmt) -> Outcome {
        self.alters(rule.relation.as_ref(), action::TRIGGER);
        self.kept_expressions(rule.where_clause.as_deref());
        // NEW and OLD are rows that are not here
        self.loose = true;
        for statement in &rule.actions {
            if !matches!(statement.node, Some(NodeEnum::NotifyStmt(_))) {
                self.query_in(Some(statement), &Scope::default());
            }
        }
        self.loose = false;
        Outcome::of(action::TRIGGER, Kind::Define)
    }
}

/// Changes after which a column holds other values than before, or none.
fn rewrites(change: AlterTableType) -> bool {
    matches!(
        change,
        AlterTableType::AtAlterColumnType
            | AlterTableType::AtDropColumn
            | AlterTableType::AtSetExpression
            | AlterTableType::AtDropExpression
    )
}

/// Changes that turn a protection of the table on or off.
fn is_guard(change: AlterTableType) -> bool {
    matches!(
        change,
        AlterTableType::AtEnableRowSecurity
            | AlterTableType::AtDisableRowSecurity
            | AlterTableType::AtForceRowSecurity
            | AlterTableType::AtNoForceRowSecurity
            | AlterTableType::AtDisableTrig
            | AlterTableType::AtDisableTrigAll
            | AlterTableType::AtDisableTrigUser
            | AlterTableType::AtDisableRule
    )
}
