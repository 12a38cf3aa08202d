//! `CREATE`, `ALTER`, `DROP` and everything else that changes what a database is, rather than what is in
//! it.
//!
//! Each kind of statement names its action and the objects that it defines. Expressions inside are
//! read for the functions that they run, now or whenever the object is used.

mod create;
mod grant;
mod table;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterObjectSchemaStmt, AlterSystemStmt, DropStmt, Node, ObjectType, RangeVar, RenameStmt, VacuumStmt,
    VariableSetStmt,
};
use postern_core::operation::{Action, Columns, Effect, Object};

use super::Kind;
use super::scope::Scope;
use super::statement::{Outcome, Reader};
use crate::postgres::catalog::SYSTEM;
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    /// A statement that is not about rows or the session. One that has an action of its own is a `CREATE`,
    /// `ALTER` or `DROP` as well.
    pub(super) fn structure(&mut self, node: &NodeEnum) -> Outcome {
        let outcome = self.structure_by_kind(node);
        let own = [
            action::ROLE,
            action::EXTENSION,
            action::FUNCTION,
            action::TRIGGER,
            action::POLICY,
            action::FOREIGN,
            action::REPLICATION,
            action::DATABASE,
        ];
        if own.contains(&outcome.action) {
            self.found.action(verb(node));
        }
        outcome
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is tried in turn, and at last is opaque")]
    fn structure_by_kind(&mut self, node: &NodeEnum) -> Outcome {
        match node {
            NodeEnum::DropStmt(statement) => self.drop_objects(statement),
            NodeEnum::RenameStmt(statement) => self.rename(statement),
            NodeEnum::AlterOwnerStmt(statement) => {
                let named =
                    self.subject(statement.object_type(), statement.relation.as_ref(), statement.object.as_deref(), "");
                self.defines(action_of(statement.object_type(), action::ALTER), named)
            }
            NodeEnum::AlterObjectSchemaStmt(statement) => self.move_to_schema(statement),
            NodeEnum::AlterObjectDependsStmt(statement) => {
                let named =
                    self.subject(statement.object_type(), statement.relation.as_ref(), statement.object.as_deref(), "");
                self.defines(action_of(statement.object_type(), action::ALTER), named)
            }
            NodeEnum::CommentStmt(statement) => {
                let named = self.subject(statement.objtype(), None, statement.object.as_deref(), "");
                self.defines(action::COMMENT, named)
            }
            NodeEnum::SecLabelStmt(statement) => {
                let named = self.subject(statement.objtype(), None, statement.object.as_deref(), "");
                self.defines(action::SECURITY_LABEL, named)
            }
            NodeEnum::VacuumStmt(statement) => self.vacuum(statement),
            NodeEnum::ClusterStmt(statement) => self.maintains(statement.relation.as_ref(), &[]),
            NodeEnum::ReindexStmt(statement) => self.maintains(statement.relation.as_ref(), &[statement.name.as_str()]),
            NodeEnum::CheckPointStmt(_) => {
                self.found.whole(Effect::Execute, self.of_server("checkpoint"));
                Outcome::plain(action::MAINTAIN)
            }
            NodeEnum::LoadStmt(statement) => {
                self.found.whole(Effect::Execute, self.of_server(&statement.filename));
                Outcome::plain(action::LOAD)
            }
            NodeEnum::AlterSystemStmt(statement) => self.alter_system(statement),
            other => self.table_statement(other),
        }
    }

    /// The objects of a statement are defined: changed in what they are.
    pub(super) fn defines(&mut self, action: Action, objects: Vec<Object>) -> Outcome {
        for object in objects {
            self.found.whole(Effect::Define, object);
        }
        Outcome::of(action, Kind::Define)
    }

    /// What a statement is about, named by a relation, by a node, or by a plain name.
    pub(super) fn subject(
        &mut self,
        kind: ObjectType,
        relation: Option<&RangeVar>,
        object: Option<&Node>,
        name: &str,
    ) -> Vec<Object> {
        if let Some(relation) = relation {
            let named = self.named(relation);
            for object in &named.objects {
                self.found.table(object);
            }
            return named.objects;
        }
        if let Some(object) = object {
            return self.objects(kind, object);
        }
        let server = matches!(kind, ObjectType::ObjectRole | ObjectType::ObjectDatabase | ObjectType::ObjectTablespace);
        vec![if server { self.of_server(name) } else { self.of_database(name) }]
    }

    /// The object under its old name and its new one: who may change one may not pass it off as another.
    fn rename(&mut self, rename: &RenameStmt) -> Outcome {
        let kind = rename.rename_type();
        let (relation, object) = (rename.relation.as_ref(), rename.object.as_deref());
        let mut objects = self.subject(kind, relation, object, &rename.subname);
        if let (Some(relation), ObjectType::ObjectColumn) = (relation, kind) {
            let named = self.named(relation);
            self.overwritten(&named, &rename.subname.as_str().into());
        } else {
            self.moved(relation);
            let renamed = |object: &Object| {
                let mut object = object.clone();
                if let Some(last) = object.path.last_mut() {
                    *last = rename.newname.as_str().into();
                }
                object
            };
            let on_table = matches!(
                kind,
                ObjectType::ObjectTrigger
                    | ObjectType::ObjectRule
                    | ObjectType::ObjectPolicy
                    | ObjectType::ObjectTabconstraint
                    | ObjectType::ObjectDomconstraint
                    | ObjectType::ObjectAttribute
            );
            if !on_table {
                let new: Vec<Object> = objects.iter().map(renamed).collect();
                objects.extend(new);
            }
        }
        self.defines(action_of(kind, action::ALTER), objects)
    }

    fn move_to_schema(&mut self, alter: &AlterObjectSchemaStmt) -> Outcome {
        let (relation, object) = (alter.relation.as_ref(), alter.object.as_deref());
        let mut objects = self.subject(alter.object_type(), relation, object, "");
        self.moved(relation);
        let schema = self.names.catalog.spelled(&alter.newschema);
        let moved = objects.iter().filter_map(|object| object.path.last());
        let moved: Vec<Object> = moved.map(|name| self.names.catalog.object([schema, name])).collect();
        objects.extend(moved);
        self.defines(action_of(alter.object_type(), action::ALTER), objects)
    }

    /// A table goes by another name from now on, and its columns with it.
    fn moved(&mut self, relation: Option<&RangeVar>) {
        let Some(relation) = relation else {
            return;
        };
        let named = self.named(relation);
        let columns = named.relation.iter().flat_map(|relation| &relation.columns);
        for column in columns {
            self.overwritten(&named, &column.name);
        }
    }

    fn drop_objects(&mut self, statement: &DropStmt) -> Outcome {
        let kind = statement.remove_type();
        let mut all = Vec::new();
        for node in &statement.objects {
            let objects = self.objects(kind, node);
            if is_relation(kind) {
                for object in &objects {
                    self.found.table(object);
                }
            }
            all.extend(objects);
        }
        self.defines(action_of(kind, action::DROP), all)
    }

    fn vacuum(&mut self, statement: &VacuumStmt) -> Outcome {
        if statement.rels.is_empty() {
            self.found.whole(Effect::Define, self.of_server(self.names.catalog.database()));
        }
        for node in &statement.rels {
            match &node.node {
                Some(NodeEnum::VacuumRelation(relation)) => {
                    if let Some(name) = &relation.relation {
                        self.vacuum_one(name);
                    }
                }
                other => self.unreadable("a relation", other.as_ref()),
            }
        }
        Outcome::plain(action::MAINTAIN)
    }

    /// The server's own tables are vacuumed with a database, named or not: nobody sees or changes what is in them by it, the
    /// credentials of others neither.
    fn vacuum_one(&mut self, name: &RangeVar) {
        let named = self.named(name);
        if named.objects.iter().all(|object| object.path.first().is_some_and(|schema| **schema == *SYSTEM)) {
            self.found.whole(Effect::Define, self.of_server(self.names.catalog.database()));
        } else {
            self.touch(Effect::Define, &named, &Columns::None);
        }
    }

    fn maintains(&mut self, relation: Option<&RangeVar>, otherwise: &[&str]) -> Outcome {
        match (relation, otherwise) {
            (Some(name), _) => {
                let named = self.named(name);
                self.touch(Effect::Define, &named, &Columns::None);
            }
            (None, [name]) if !name.is_empty() => self.found.whole(Effect::Define, self.of_database(name)),
            (None, _) => self.found.whole(Effect::Define, self.of_server(self.names.catalog.database())),
        }
        Outcome::plain(action::MAINTAIN)
    }

    fn alter_system(&mut self, statement: &AlterSystemStmt) -> Outcome {
        let name = statement.setstmt.as_ref().map(|set| set.name.as_str()).unwrap_or_default();
        let name = if name.is_empty() { "all" } else { name };
        self.found.whole(Effect::Define, self.of_server(name));
        Outcome::plain(action::ALTER_SYSTEM)
    }

    /// A setting that a role or a database starts with: as grave as changing it would be.
    pub(super) fn lasting_setting(&mut self, set: Option<&VariableSetStmt>) {
        if let Some(set) = set {
            let action = self.setting_action(&set.name);
            if action != action::SET {
                self.found.action(action);
            }
        }
    }

    /// Expressions that are kept and run later, over columns of nobody knows which row: what counts is
    /// which functions they call, and what queries inside them read.
    pub(super) fn kept_expressions<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) {
        let consulted = std::mem::take(&mut self.found.uses.consulted);
        let nodes: Vec<&Node> = nodes.into_iter().collect();
        self.loose = true;
        for node in &nodes {
            self.value(node, &Scope::default());
        }
        self.found.uses.consulted = consulted;
        if let Some(rows) = self.tried.clone() {
            // whether it holds, or fails, tells of the rows; what it takes to keep it is another matter
            let touches = self.found.set_touches_aside();
            let level = Scope { items: vec![rows], ..Scope::default() };
            for node in nodes {
                let source = self.value(node, &level);
                self.found.consult(source);
            }
            self.found.put_touches_back(touches);
        }
        self.loose = false;
    }

    /// Columns of the rows that are there decide whether a statement succeeds.
    pub(super) fn tries<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let Some(rows) = self.tried.clone() else { return };
        for name in names {
            if let Some(meaning) = rows.any_column(name) {
                self.found.consult(meaning.source);
            }
        }
    }
}

fn is_relation(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectSequence
            | ObjectType::ObjectIndex
    )
}

/// Which of the three plain actions a statement is.
#[expect(clippy::wildcard_enum_match_arm, reason = "what neither changes nor removes anything makes something")]
fn verb(node: &NodeEnum) -> Action {
    match node {
        NodeEnum::DropStmt(_)
        | NodeEnum::DropdbStmt(_)
        | NodeEnum::DropTableSpaceStmt(_)
        | NodeEnum::DropRoleStmt(_)
        | NodeEnum::DropOwnedStmt(_)
        | NodeEnum::DropUserMappingStmt(_)
        | NodeEnum::DropSubscriptionStmt(_) => action::DROP,
        NodeEnum::RenameStmt(_)
        | NodeEnum::AlterOwnerStmt(_)
        | NodeEnum::AlterObjectSchemaStmt(_)
        | NodeEnum::AlterObjectDependsStmt(_)
        | NodeEnum::AlterFunctionStmt(_)
        | NodeEnum::AlterPolicyStmt(_)
        | NodeEnum::AlterOpFamilyStmt(_)
        | NodeEnum::AlterOperatorStmt(_)
        | NodeEnum::AlterExtensionStmt(_)
        | NodeEnum::AlterExtensionContentsStmt(_)
        | NodeEnum::AlterEventTrigStmt(_)
        | NodeEnum::AlterFdwStmt(_)
        | NodeEnum::AlterForeignServerStmt(_)
        | NodeEnum::AlterUserMappingStmt(_)
        | NodeEnum::AlterPublicationStmt(_)
        | NodeEnum::AlterSubscriptionStmt(_)
        | NodeEnum::AlterDatabaseStmt(_)
        | NodeEnum::AlterDatabaseRefreshCollStmt(_)
        | NodeEnum::AlterDatabaseSetStmt(_)
        | NodeEnum::AlterTableSpaceOptionsStmt(_)
        | NodeEnum::AlterTableMoveAllStmt(_)
        | NodeEnum::AlterRoleStmt(_)
        | NodeEnum::AlterRoleSetStmt(_)
        | NodeEnum::ReassignOwnedStmt(_) => action::ALTER,
        _ => action::CREATE,
    }
}

/// The action of a statement about this kind of object; `otherwise` where the kind has none of its own.
pub(super) fn action_of(kind: ObjectType, otherwise: Action) -> Action {
    use ObjectType as Kind;
    match kind {
        Kind::ObjectRole => action::ROLE,
        Kind::ObjectExtension | Kind::ObjectLanguage | Kind::ObjectAccessMethod => action::EXTENSION,
        Kind::ObjectFunction
        | Kind::ObjectProcedure
        | Kind::ObjectRoutine
        | Kind::ObjectAggregate
        | Kind::ObjectOperator
        | Kind::ObjectOpclass
        | Kind::ObjectOpfamily
        | Kind::ObjectAmop
        | Kind::ObjectAmproc
        | Kind::ObjectCast
        | Kind::ObjectConversion
        | Kind::ObjectTransform => action::FUNCTION,
        Kind::ObjectTrigger | Kind::ObjectEventTrigger | Kind::ObjectRule => action::TRIGGER,
        Kind::ObjectPolicy => action::POLICY,
        Kind::ObjectFdw | Kind::ObjectForeignServer | Kind::ObjectUserMapping => action::FOREIGN,
        Kind::ObjectPublication
        | Kind::ObjectPublicationNamespace
        | Kind::ObjectPublicationRel
        | Kind::ObjectSubscription => action::REPLICATION,
        Kind::ObjectDatabase | Kind::ObjectTablespace => action::DATABASE,
        Kind::Undefined
        | Kind::ObjectAttribute
        | Kind::ObjectColumn
        | Kind::ObjectCollation
        | Kind::ObjectDefault
        | Kind::ObjectDefacl
        | Kind::ObjectDomain
        | Kind::ObjectDomconstraint
        | Kind::ObjectForeignTable
        | Kind::ObjectIndex
        | Kind::ObjectLargeobject
        | Kind::ObjectMatview
        | Kind::ObjectParameterAcl
        | Kind::ObjectSchema
        | Kind::ObjectSequence
        | Kind::ObjectStatisticExt
        | Kind::ObjectTabconstraint
        | Kind::ObjectTable
        | Kind::ObjectTsconfiguration
        | Kind::ObjectTsdictionary
        | Kind::ObjectTsparser
        | Kind::ObjectTstemplate
        | Kind::ObjectType
        | Kind::ObjectView => otherwise,
    }
}
