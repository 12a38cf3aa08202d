//! What the many ways of naming an object in `CREATE`, `ALTER`, `DROP` and `COMMENT` mean.
//!
//! A name that the catalog does not know stands for every object that it may be.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, ObjectType, RangeVar, RoleSpec, RoleSpecType};
use postern_core::operation::Object;

use super::statement::{Reader, strings};

impl Reader<'_> {
    /// The objects that `node` names, of this kind. Where the catalog does not know a name without a
    /// schema, every object that it may be.
    pub(super) fn objects(&mut self, kind: ObjectType, node: &Node) -> Vec<Object> {
        use ObjectType as Kind;
        match kind {
            Kind::ObjectTable
            | Kind::ObjectView
            | Kind::ObjectMatview
            | Kind::ObjectForeignTable
            | Kind::ObjectSequence
            | Kind::ObjectIndex => self.relation_objects(node, 0),
            // the last name is that of something on the relation
            Kind::ObjectColumn
            | Kind::ObjectRule
            | Kind::ObjectTrigger
            | Kind::ObjectPolicy
            | Kind::ObjectTabconstraint => self.relation_objects(node, 1),
            Kind::ObjectRole | Kind::ObjectDatabase | Kind::ObjectTablespace | Kind::ObjectParameterAcl => {
                vec![Object::at(self.parts(node))]
            }
            Kind::ObjectFunction
            | Kind::ObjectProcedure
            | Kind::ObjectRoutine
            | Kind::ObjectAggregate
            | Kind::ObjectOperator => self.routine_objects(node),
            Kind::ObjectSchema
            | Kind::ObjectExtension
            | Kind::ObjectLanguage
            | Kind::ObjectFdw
            | Kind::ObjectForeignServer
            | Kind::ObjectEventTrigger
            | Kind::ObjectAccessMethod
            | Kind::ObjectPublication
            | Kind::ObjectSubscription
            | Kind::ObjectLargeobject
            | Kind::ObjectUserMapping
            | Kind::ObjectCast
            | Kind::ObjectTransform => vec![self.names.catalog.object(self.parts(node))],
            Kind::ObjectType
            | Kind::ObjectDomain
            | Kind::ObjectAttribute
            | Kind::ObjectDomconstraint
            | Kind::ObjectCollation
            | Kind::ObjectConversion
            | Kind::ObjectStatisticExt
            | Kind::ObjectTsconfiguration
            | Kind::ObjectTsdictionary
            | Kind::ObjectTsparser
            | Kind::ObjectTstemplate => self.schema_objects(&self.parts(node)),
            // the name of the access method comes first
            Kind::ObjectOpclass | Kind::ObjectOpfamily | Kind::ObjectAmop | Kind::ObjectAmproc => {
                let parts = self.parts(node);
                self.schema_objects(parts.get(1..).unwrap_or_default())
            }
            Kind::Undefined
            | Kind::ObjectDefault
            | Kind::ObjectDefacl
            | Kind::ObjectPublicationNamespace
            | Kind::ObjectPublicationRel => {
                self.found.opaque("an object of a kind that is not known here");
                vec![self.names.catalog.object(self.parts(node))]
            }
        }
    }

    /// The names that a node is made of, from the outside in.
    pub(super) fn parts(&self, node: &Node) -> Vec<String> {
        let parts: Vec<String> = match &node.node {
            Some(NodeEnum::String(name)) => vec![name.sval.clone()],
            Some(NodeEnum::List(list)) => list.items.iter().flat_map(|item| self.parts(item)).collect(),
            Some(NodeEnum::TypeName(name)) => strings(&name.names).into_iter().map(str::to_owned).collect(),
            Some(NodeEnum::ObjectWithArgs(routine)) => {
                strings(&routine.objname).into_iter().map(str::to_owned).collect()
            }
            Some(NodeEnum::RoleSpec(role)) => vec![self.role(role)],
            Some(NodeEnum::Integer(number)) => vec![number.ival.to_string()],
            Some(NodeEnum::Float(number)) => vec![number.fval.clone()],
            Some(NodeEnum::RangeVar(name)) => [&name.catalogname, &name.schemaname, &name.relname]
                .into_iter()
                .filter(|part| !part.is_empty())
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        if parts.is_empty() { vec!["?".to_owned()] } else { parts }
    }

    /// The name of a role, as the session would read it.
    pub(super) fn role(&self, role: &RoleSpec) -> String {
        match role.roletype() {
            RoleSpecType::RolespecCstring => role.rolename.clone(),
            RoleSpecType::RolespecPublic => "public".to_owned(),
            RoleSpecType::RolespecCurrentRole
            | RoleSpecType::RolespecCurrentUser
            | RoleSpecType::RolespecSessionUser => self.names.user.to_owned(),
            RoleSpecType::Undefined => "?".to_owned(),
        }
    }

    /// An object of a role, a database or the like: of the server, not of one database.
    pub(super) fn of_server(&self, name: &str) -> Object {
        Object::at([name])
    }

    /// An object of the database that stands in no schema.
    pub(super) fn of_database(&self, name: &str) -> Object {
        self.names.catalog.object([name])
    }

    fn relation_objects(&mut self, node: &Node, inner: usize) -> Vec<Object> {
        if let Some(NodeEnum::RangeVar(name)) = &node.node {
            return self.named(name).objects;
        }
        let mut parts = self.parts(node);
        parts.truncate(parts.len().saturating_sub(inner));
        let mut name = RangeVar::default();
        match parts.as_slice() {
            [relation] => name.relname.clone_from(relation),
            [schema, relation] => {
                name.schemaname.clone_from(schema);
                name.relname.clone_from(relation);
            }
            [database, schema, relation] => {
                name.catalogname.clone_from(database);
                name.schemaname.clone_from(schema);
                name.relname.clone_from(relation);
            }
            _ => {
                self.found.opaque("the name of a relation cannot be read");
                return vec![self.names.catalog.object(parts)];
            }
        }
        self.named(&name).objects
    }

    /// Functions and operators: in the schemas that have one of the name, or may have.
    fn routine_objects(&mut self, node: &Node) -> Vec<Object> {
        let parts = self.parts(node);
        let catalog = self.names.catalog;
        let [name] = parts.as_slice() else {
            return self.schema_objects(&parts);
        };
        let holds =
            |schema: &str| !catalog.functions(schema, name).is_empty() || catalog.operator(schema, name).is_some();
        let known: Vec<Object> = self
            .path
            .for_functions()
            .filter(|schema| holds(schema))
            .map(|schema| catalog.object([&**schema, name]))
            .collect();
        if known.is_empty() { self.schema_objects(&parts) } else { known }
    }

    /// A name with its schema, or in every schema of the path.
    pub(super) fn schema_objects(&self, parts: &[String]) -> Vec<Object> {
        let catalog = self.names.catalog;
        match parts {
            [name] => {
                let candidates = self.path.candidates();
                let all: Vec<Object> = candidates.map(|schema| catalog.object([&**schema, name])).collect();
                if all.is_empty() { vec![self.of_database(name)] } else { all }
            }
            [schema, rest @ ..] => {
                let schema = catalog.spelled(schema);
                vec![catalog.object([schema].into_iter().chain(rest.iter().map(String::as_str)))]
            }
            [] => vec![self.of_database("?")],
        }
    }

    /// Where something new of this name is made: in the first schema of the path.
    pub(super) fn new_object(&self, names: &[&str]) -> Object {
        let catalog = self.names.catalog;
        match names {
            [name] => match self.path.creation() {
                Some(schema) => catalog.object([&**schema, name]),
                None => self.of_database(name),
            },
            [schema, rest @ ..] => {
                let schema = catalog.spelled(schema);
                catalog.object([schema].into_iter().chain(rest.iter().copied()))
            }
            [] => self.of_database("?"),
        }
    }
}
