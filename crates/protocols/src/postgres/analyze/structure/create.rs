//! Everything else that can be made or changed: types, functions, triggers, servers, publications.
//!
//! What each of them defines is said; what their code will do is not known, and not said.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterExtensionContentsStmt, CreateFunctionStmt, CreateSchemaStmt, CreateTrigStmt, DefineStmt, Node, ObjectType,
    RangeVar,
};
use postern_core::operation::{Action, Columns, Effect};

use super::super::Kind;

use super::super::statement::{Outcome, Reader, strings};
use super::action_of;
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is tried in turn, and at last is opaque")]
    pub(super) fn create_statement(&mut self, node: &NodeEnum) -> Outcome {
        match node {
            NodeEnum::CreateSchemaStmt(statement) => self.create_schema(statement),
            NodeEnum::CreateFunctionStmt(statement) => self.create_function(statement),
            NodeEnum::AlterFunctionStmt(statement) => {
                let parts: Vec<String> = statement
                    .func
                    .as_ref()
                    .map(|function| strings(&function.objname).into_iter().map(str::to_owned).collect())
                    .unwrap_or_default();
                let objects = self.schema_objects(&parts);
                self.defines(action::FUNCTION, objects)
            }
            NodeEnum::CreateTrigStmt(statement) => self.create_trigger(statement),
            NodeEnum::CreatePolicyStmt(statement) => {
                self.kept_expressions(statement.qual.as_deref().into_iter().chain(statement.with_check.as_deref()));
                self.on_table(statement.table.as_ref(), action::POLICY)
            }
            NodeEnum::AlterPolicyStmt(statement) => {
                self.kept_expressions(statement.qual.as_deref().into_iter().chain(statement.with_check.as_deref()));
                self.on_table(statement.table.as_ref(), action::POLICY)
            }
            NodeEnum::DefineStmt(statement) => self.define_statement(statement),
            NodeEnum::CreateDomainStmt(statement) => {
                for node in &statement.constraints {
                    match &node.node {
                        Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
                        other => self.unreadable("a constraint", other.as_ref()),
                    }
                }
                self.new_in_schema(action::CREATE, &statement.domainname)
            }
            NodeEnum::AlterDomainStmt(statement) => {
                match statement.def.as_deref().and_then(|node| node.node.as_ref()) {
                    Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
                    Some(_) => self.kept_expressions(statement.def.as_deref()),
                    None => {}
                }
                self.old_in_schema(action::ALTER, &statement.type_name)
            }
            NodeEnum::CompositeTypeStmt(statement) => self.makes(statement.typevar.as_ref()),
            NodeEnum::CreateEnumStmt(statement) => self.new_in_schema(action::CREATE, &statement.type_name),
            NodeEnum::CreateRangeStmt(statement) => self.new_in_schema(action::CREATE, &statement.type_name),
            NodeEnum::AlterEnumStmt(statement) => self.old_in_schema(action::ALTER, &statement.type_name),
            NodeEnum::AlterTypeStmt(statement) => self.old_in_schema(action::ALTER, &statement.type_name),
            NodeEnum::AlterCollationStmt(statement) => self.old_in_schema(action::ALTER, &statement.collname),
            NodeEnum::AlterStatsStmt(statement) => self.old_in_schema(action::ALTER, &statement.defnames),
            NodeEnum::AlterTsdictionaryStmt(statement) => self.old_in_schema(action::ALTER, &statement.dictname),
            NodeEnum::AlterTsconfigurationStmt(statement) => self.old_in_schema(action::ALTER, &statement.cfgname),
            NodeEnum::CreateOpClassStmt(statement) => self.new_in_schema(action::FUNCTION, &statement.opclassname),
            NodeEnum::CreateOpFamilyStmt(statement) => self.new_in_schema(action::FUNCTION, &statement.opfamilyname),
            NodeEnum::AlterOpFamilyStmt(statement) => self.old_in_schema(action::FUNCTION, &statement.opfamilyname),
            NodeEnum::AlterOperatorStmt(statement) => {
                let name = statement.opername.as_ref().map(|name| name.objname.clone()).unwrap_or_default();
                self.old_in_schema(action::FUNCTION, &name)
            }
            NodeEnum::CreateConversionStmt(statement) => {
                self.touch_function(&strings(&statement.func_name));
                self.new_in_schema(action::FUNCTION, &statement.conversion_name)
            }
            NodeEnum::CreateCastStmt(statement) => {
                let name = statement.sourcetype.as_ref().map(|name| name.names.clone()).unwrap_or_default();
                self.old_in_schema(action::FUNCTION, &name)
            }
            NodeEnum::CreateTransformStmt(statement) => {
                let name = statement.type_name.as_ref().map(|name| name.names.clone()).unwrap_or_default();
                self.old_in_schema(action::FUNCTION, &name)
            }
            other => self.server_statement(other),
        }
    }

    /// Things that stand in no schema.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is tried in turn, and at last is opaque")]
    fn server_statement(&mut self, node: &NodeEnum) -> Outcome {
        match node {
            NodeEnum::CreateExtensionStmt(statement) => {
                // its script runs, often as superuser
                self.found.whole(Effect::Execute, self.of_database(&statement.extname));
                self.named_thing(action::EXTENSION, &statement.extname)
            }
            NodeEnum::AlterExtensionStmt(statement) => self.named_thing(action::EXTENSION, &statement.extname),
            NodeEnum::AlterExtensionContentsStmt(statement) => self.extension_contents(statement),
            NodeEnum::CreatePlangStmt(statement) => self.named_thing(action::EXTENSION, &statement.plname),
            NodeEnum::CreateAmStmt(statement) => self.named_thing(action::EXTENSION, &statement.amname),
            NodeEnum::CreateEventTrigStmt(statement) => {
                self.touch_function(&strings(&statement.funcname));
                self.named_thing(action::TRIGGER, &statement.trigname)
            }
            NodeEnum::AlterEventTrigStmt(statement) => self.named_thing(action::TRIGGER, &statement.trigname),
            NodeEnum::CreateFdwStmt(statement) => self.named_thing(action::FOREIGN, &statement.fdwname),
            NodeEnum::AlterFdwStmt(statement) => self.named_thing(action::FOREIGN, &statement.fdwname),
            NodeEnum::CreateForeignServerStmt(statement) => self.way_out(action::FOREIGN, &statement.servername),
            NodeEnum::AlterForeignServerStmt(statement) => self.way_out(action::FOREIGN, &statement.servername),
            NodeEnum::CreateUserMappingStmt(statement) => self.way_out(action::FOREIGN, &statement.servername),
            NodeEnum::AlterUserMappingStmt(statement) => self.way_out(action::FOREIGN, &statement.servername),
            NodeEnum::DropUserMappingStmt(statement) => self.named_thing(action::FOREIGN, &statement.servername),
            NodeEnum::ImportForeignSchemaStmt(statement) => {
                self.found.whole(Effect::Define, self.of_database(&statement.local_schema));
                self.way_out(action::FOREIGN, &statement.server_name)
            }
            NodeEnum::CreatePublicationStmt(statement) => {
                self.published(&statement.pubobjects);
                self.named_thing(action::REPLICATION, &statement.pubname)
            }
            NodeEnum::AlterPublicationStmt(statement) => {
                self.published(&statement.pubobjects);
                self.named_thing(action::REPLICATION, &statement.pubname)
            }
            NodeEnum::CreateSubscriptionStmt(statement) => self.way_out(action::REPLICATION, &statement.subname),
            NodeEnum::AlterSubscriptionStmt(statement) => self.way_out(action::REPLICATION, &statement.subname),
            NodeEnum::DropSubscriptionStmt(statement) => self.way_out(action::REPLICATION, &statement.subname),
            NodeEnum::CreatedbStmt(statement) => self.server_thing(&statement.dbname),
            NodeEnum::AlterDatabaseStmt(statement) => self.server_thing(&statement.dbname),
            NodeEnum::AlterDatabaseRefreshCollStmt(statement) => self.server_thing(&statement.dbname),
            NodeEnum::AlterDatabaseSetStmt(statement) => {
                self.lasting_setting(statement.setstmt.as_ref());
                self.server_thing(&statement.dbname)
            }
            NodeEnum::DropdbStmt(statement) => self.server_thing(&statement.dbname),
            NodeEnum::CreateTableSpaceStmt(statement) => self.server_thing(&statement.tablespacename),
            NodeEnum::DropTableSpaceStmt(statement) => self.server_thing(&statement.tablespacename),
            NodeEnum::AlterTableSpaceOptionsStmt(statement) => self.server_thing(&statement.tablespacename),
            NodeEnum::AlterTableMoveAllStmt(statement) => self.server_thing(&statement.orig_tablespacename),
            other => self.rights_statement(other),
        }
    }

    fn named_thing(&mut self, action: Action, name: &str) -> Outcome {
        let object = self.of_database(name);
        self.defines(action, vec![object])
    }

    fn server_thing(&mut self, name: &str) -> Outcome {
        let object = self.of_server(name);
        self.defines(action::DATABASE, vec![object])
    }

    /// Something by which data leaves for another server.
    fn way_out(&mut self, action: Action, name: &str) -> Outcome {
        self.found.whole(Effect::Transfer, self.of_database(name));
        self.named_thing(action, name)
    }

    fn new_in_schema(&mut self, action: Action, names: &[Node]) -> Outcome {
        let object = self.new_object(&strings(names));
        self.defines(action, vec![object])
    }

    fn old_in_schema(&mut self, action: Action, names: &[Node]) -> Outcome {
        let parts: Vec<String> = strings(names).into_iter().map(str::to_owned).collect();
        let objects = self.schema_objects(&parts);
        self.defines(action, objects)
    }

    fn on_table(&mut self, table: Option<&RangeVar>, action: Action) -> Outcome {
        self.alters(table, action)
    }

    fn create_schema(&mut self, create: &CreateSchemaStmt) -> Outcome {
        let name = match (&create.authrole, create.schemaname.as_str()) {
            (Some(role), "") => self.role(role),
            (_, name) => name.to_owned(),
        };
        self.found.whole(Effect::Define, self.of_database(&name));
        if !create.schema_elts.is_empty() {
            // what is made inside is looked for in the new schema first, which no path here knows
            self.found.opaque("CREATE SCHEMA with elements: send them separately");
        }
        Outcome::of(action::CREATE, Kind::Define)
    }

    fn create_function(&mut self, create: &CreateFunctionStmt) -> Outcome {
        let object = self.new_object(&strings(&create.funcname));
        for node in &create.parameters {
            if let Some(NodeEnum::FunctionParameter(parameter)) = &node.node {
                self.kept_expressions(parameter.defexpr.as_deref());
            }
        }
        self.defines(action::FUNCTION, vec![object])
    }

    fn create_trigger(&mut self, create: &CreateTrigStmt) -> Outcome {
        self.kept_expressions(create.when_clause.as_deref());
        self.touch_function(&strings(&create.funcname));
        self.on_table(create.relation.as_ref(), action::TRIGGER)
    }

    fn define_statement(&mut self, define: &DefineStmt) -> Outcome {
        let kind = define.kind();
        if kind == ObjectType::Undefined {
            return self.unknown_statement();
        }
        self.new_in_schema(action_of(kind, action::CREATE), &define.defnames)
    }

    fn extension_contents(&mut self, alter: &AlterExtensionContentsStmt) -> Outcome {
        if let Some(object) = alter.object.as_deref() {
            for object in self.objects(alter.objtype(), object) {
                self.found.whole(Effect::Define, object);
            }
        }
        self.named_thing(action::EXTENSION, &alter.extname)
    }

    /// Tables that are published are read by whoever subscribes.
    fn published(&mut self, objects: &[Node]) {
        for node in objects {
            let Some(NodeEnum::PublicationObjSpec(published)) = &node.node else {
                self.unreadable("a published object", node.node.as_ref());
                continue;
            };
            let Some(table) = &published.pubtable else {
                self.found.whole(Effect::Transfer, self.of_database(&published.name));
                continue;
            };
            if let Some(relation) = &table.relation {
                let named = self.named(relation);
                self.touch(Effect::Transfer, &named, &Columns::All);
            }
            if let Some(condition) = table.where_clause.as_deref() {
                self.kept_expressions([condition]);
            }
        }
    }
}
