//! Calls of functions and operators: which of them run code that may read or change anything.
//!
//! The functions that come with the server are listed in `builtin.txt`, taken from the `pg_proc` of
//! PostgreSQL 15 and 18. One is clean where every overload of its name is immutable, an aggregate or
//! a window function, or was looked at and found to read nothing; a `!` marks the others. A clean
//! call leaves no touch; every other one executes something. The names after a function's own are
//! those of the columns it returns, `*` where that depends on the call.

use std::sync::LazyLock;

use pg_query::protobuf::{FuncCall, Node};
use postern_core::operation::{Effect, Object};

use super::scope::Scope;
use super::source::Source;
use super::statement::{Reader, strings};
use crate::postgres::catalog::SYSTEM;
use crate::postgres::vocabulary;

/// What a function returns when it stands in `FROM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One column.
    Scalar,
    /// These columns, separated by spaces.
    Columns(&'static str),
    /// Nobody knows without knowing the types.
    Unknown,
}

/// A function that comes with the server.
#[derive(Clone, Copy, Debug)]
struct Builtin {
    name: &'static str,
    clean: bool,
    shape: Shape,
}

static BUILTIN: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    let mut all: Vec<Builtin> = include_str!("functions/builtin.txt").lines().map(listed).collect();
    all.sort_unstable_by_key(|builtin| builtin.name);
    all
});

fn listed(line: &'static str) -> Builtin {
    let (name, columns) = line.split_once(' ').unwrap_or((line, ""));
    let shape = match columns {
        "" => Shape::Scalar,
        "*" => Shape::Unknown,
        names => Shape::Columns(names),
    };
    match name.strip_prefix('!') {
        Some(name) => Builtin { name, clean: false, shape: Shape::Unknown },
        None => Builtin { name, clean: true, shape },
    }
}

fn builtin(name: &str) -> Option<Builtin> {
    let place = BUILTIN.binary_search_by(|builtin| builtin.name.cmp(name)).ok()?;
    BUILTIN.get(place).copied()
}

/// The names of the functions that come with the server.
pub(crate) fn builtins() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|builtin| builtin.name)
}

/// Whether a function of this name comes with the server.
pub(crate) fn is_builtin(name: &str) -> bool {
    builtin(name).is_some()
}

/// The operators that come with the server (`pg_operator` of PostgreSQL 15 and 18, which agree).
const OPERATORS: &[&str] = &[
    "!!", "!~", "!~*", "!~~", "!~~*", "#", "##", "#-", "#>", "#>>", "%", "&", "&&", "&<", "&<|", "&>", "*", "*<",
    "*<=", "*<>", "*=", "*>", "*>=", "+", "-", "->", "->>", "-|-", "/", "<", "<->", "<<", "<<=", "<<|", "<=", "<>",
    "<@", "<^", "=", ">", ">=", ">>", ">>=", ">^", "?", "?#", "?&", "?-", "?-|", "?|", "?||", "@", "@-@", "@>", "@?",
    "@@", "@@@", "^", "^@", "|", "|&>", "|/", "|>>", "||", "||/", "~", "~*", "~<=~", "~<~", "~=", "~>=~", "~>~", "~~",
    "~~*",
];

/// Functions that are given SQL as text, or a name as text whose data they read.
const DYNAMIC: &[&str] = &[
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "schema_to_xml",
    "schema_to_xml_and_xmlschema",
    "database_to_xml",
    "database_to_xml_and_xmlschema",
    "ts_stat",
    "ts_rewrite",
    "dblink",
    "dblink_exec",
    "dblink_open",
    "dblink_send_query",
    "crosstab",
    "connectby",
];

/// Functions that make several rows of one, or none (`pg_proc.proretset` of PostgreSQL 15 and 18). How many there are tells
/// of what went in.
const MULTIPLYING: &[&str] = &[
    "aclexplode",
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "json_object_keys",
    "json_populate_recordset",
    "json_to_recordset",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "jsonb_path_query_tz",
    "jsonb_populate_recordset",
    "jsonb_to_recordset",
    "pg_available_extension_versions",
    "pg_available_extensions",
    "pg_available_wal_summaries",
    "pg_config",
    "pg_cursor",
    "pg_event_trigger_ddl_commands",
    "pg_event_trigger_dropped_objects",
    "pg_extension_update_paths",
    "pg_get_aios",
    "pg_get_backend_memory_contexts",
    "pg_get_catalog_foreign_keys",
    "pg_get_keywords",
    "pg_get_loaded_modules",
    "pg_get_multixact_members",
    "pg_get_publication_tables",
    "pg_get_replication_slots",
    "pg_get_shmem_allocations",
    "pg_get_shmem_allocations_numa",
    "pg_get_wait_events",
    "pg_get_wal_resource_managers",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_listening_channels",
    "pg_lock_status",
    "pg_logical_slot_get_binary_changes",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_peek_binary_changes",
    "pg_logical_slot_peek_changes",
    "pg_ls_archive_statusdir",
    "pg_ls_dir",
    "pg_ls_logdir",
    "pg_ls_logicalmapdir",
    "pg_ls_logicalsnapdir",
    "pg_ls_replslotdir",
    "pg_ls_summariesdir",
    "pg_ls_tmpdir",
    "pg_ls_waldir",
    "pg_mcv_list_items",
    "pg_options_to_table",
    "pg_partition_ancestors",
    "pg_partition_tree",
    "pg_prepared_statement",
    "pg_prepared_xact",
    "pg_show_all_file_settings",
    "pg_show_all_settings",
    "pg_show_replication_origin_status",
    "pg_snapshot_xip",
    "pg_stat_get_activity",
    "pg_stat_get_backend_idset",
    "pg_stat_get_backend_io",
    "pg_stat_get_io",
    "pg_stat_get_progress_info",
    "pg_stat_get_recovery_prefetch",
    "pg_stat_get_slru",
    "pg_stat_get_subscription",
    "pg_stat_get_wal_senders",
    "pg_tablespace_databases",
    "pg_timezone_abbrevs",
    "pg_timezone_abbrevs_abbrevs",
    "pg_timezone_abbrevs_zone",
    "pg_timezone_names",
    "pg_wal_summary_contents",
    "regexp_matches",
    "regexp_split_to_table",
    "string_to_table",
    "ts_debug",
    "ts_parse",
    "ts_stat",
    "ts_token_type",
    "txid_snapshot_xip",
    "unnest",
];

/// Functions that are given what was opened before, by number, and go on where that stands.
const POSITIONAL: &[&str] = &["loread", "lowrite", "lo_truncate", "lo_truncate64"];

/// Functions that do something and show nothing: waits, locks, signals.
const INERT: &[&str] = &[
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_all",
    "pg_advisory_unlock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "pg_cancel_backend",
    "pg_terminate_backend",
    "pg_notify",
    "txid_current",
    "pg_current_xact_id",
    "pg_export_snapshot",
    "nextval",
    "setval",
    "currval",
];

/// Whether a clean function of the server's makes rows of its arguments.
fn multiplies(name: &str) -> bool {
    MULTIPLYING.contains(&name)
}

/// What a function's name was found to mean.
struct Called {
    /// The functions that may run and are not clean.
    objects: Vec<Object>,
    /// Whether the value holds nothing but the arguments.
    pure: bool,
    /// Whether it may make rows of its arguments.
    set: bool,
    shape: Shape,
}

impl Reader<'_> {
    /// A call: its value, and what it returns as a table.
    pub(super) fn call(&mut self, call: &FuncCall, scope: &Scope<'_>) -> (Source, Shape) {
        let names = strings(&call.funcname);
        if let Some(source) = self.special_call(&names, call, scope) {
            return (source, Shape::Scalar);
        }
        let mut source = self.values_of(&call.args, scope);
        if let Some(filter) = &call.agg_filter {
            self.consult(filter, scope);
        }
        self.sorted_by(&call.agg_order, scope);
        if call.agg_within_group {
            // an ordered-set aggregate shows what it orders by
            let keys = call.agg_order.iter().filter_map(sort_key);
            source.take_in(self.values_of(keys, scope));
        }
        if let Some(window) = &call.over {
            self.window(window, scope);
        }
        let called = self.called(&names);
        self.run(&names, &called);
        source.unknown |= !called.pure;
        let source = source.derived();
        // INVARIANT: rows are counted, whatever is shown of them
        if called.set {
            self.found.multiply(&source);
        }
        (source, called.shape)
    }

    /// A function that runs without a call being written: a sampling method, a trigger's. Answers whether its value holds
    /// nothing but what goes in.
    pub(super) fn touch_function(&mut self, names: &[&str]) -> bool {
        let called = self.called(names);
        self.run(names, &called);
        called.pure
    }

    /// A procedure: it executes, whatever its name.
    pub(super) fn touch_procedure(&mut self, names: &[&str]) {
        let mut called = self.called(names);
        if called.objects.is_empty() {
            called.objects.push(self.names.catalog.object([SYSTEM].into_iter().chain(names.last().copied())));
        }
        self.run(names, &called);
    }

    fn run(&mut self, names: &[&str], called: &Called) {
        for object in &called.objects {
            self.runs(object, called.pure);
        }
        let Some(name) = names.last() else {
            return;
        };
        if called.objects.is_empty() {
            self.found.function(*name);
        }
        self.found.positional |= POSITIONAL.contains(name);
        if DYNAMIC.contains(name) {
            self.found.dynamic = true;
        }
    }

    /// A field name may be a function applied to the value. Answers whether the value still holds
    /// nothing but its inputs; a name that no function has is a field.
    pub(super) fn called_as_field(&mut self, name: &str) -> bool {
        let users = self.users(name);
        let unclean = builtin(name).is_some_and(|builtin| !builtin.clean);
        if users.is_empty() && !unclean {
            return true;
        }
        let called = self.called(&[name]);
        self.run(&[name], &called);
        called.pure
    }

    /// Functions of this name that did not come with the server, in any schema of the path. Where
    /// there are several overloads, types decide; all of them count.
    fn users(&self, name: &str) -> Vec<Called> {
        let catalog = self.names.catalog;
        let schemas = self.path.for_functions().filter(|schema| ***schema != *SYSTEM);
        schemas
            .filter_map(|schema| {
                let found = catalog.functions(schema, name);
                let pure = found.iter().all(|function| function.immutable && function.extension);
                let set = found.iter().any(|function| function.set);
                let objects = vec![catalog.object([&**schema, name])];
                (!found.is_empty()).then_some(Called { objects, pure, set, shape: Shape::Unknown })
            })
            .collect()
    }

    fn called(&self, names: &[&str]) -> Called {
        let catalog = self.names.catalog;
        match names {
            [name] => self.called_anywhere(name),
            [schema, name] => self.called_in(catalog.spelled(schema), name),
            [database, schema, name] if **database == *catalog.database => {
                self.called_in(catalog.spelled(schema), name)
            }
            _ => Called {
                objects: vec![Object::at(names.iter().copied())],
                pure: false,
                set: true,
                shape: Shape::Unknown,
            },
        }
    }

    fn called_in(&self, schema: &str, name: &str) -> Called {
        let catalog = self.names.catalog;
        if schema == SYSTEM
            && let Some(known) = builtin(name).filter(|builtin| builtin.clean)
        {
            return Called { objects: Vec::new(), pure: true, set: multiplies(name), shape: known.shape };
        }
        let found = catalog.functions(schema, name);
        let set = found.is_empty() || found.iter().any(|function| function.set);
        let brought = !found.is_empty() && found.iter().all(|function| function.immutable && function.extension);
        let pure = brought || self.is_inert(schema, name);
        Called { objects: vec![catalog.object([schema, name])], pure, set, shape: Shape::Unknown }
    }

    /// Whether a function of the server's that is not clean shows nobody's data all the same.
    fn is_inert(&self, schema: &str, name: &str) -> bool {
        let inert = schema == SYSTEM && INERT.contains(&name);
        inert || vocabulary::shows_no_data(&self.names.catalog.object([schema, name]))
    }

    fn called_anywhere(&self, name: &str) -> Called {
        let catalog = self.names.catalog;
        let users = self.users(name);
        let known = builtin(name);
        let clean = known.is_some_and(|builtin| builtin.clean);
        if clean && users.is_empty() {
            let shape = known.map_or(Shape::Unknown, |builtin| builtin.shape);
            return Called { objects: Vec::new(), pure: true, set: multiplies(name), shape };
        }
        let system = !clean && (known.is_some() || !catalog.functions(SYSTEM, name).is_empty());
        let mut pure = !system || self.is_inert(SYSTEM, name);
        let mut set = system || clean && multiplies(name);
        let mut objects = Vec::new();
        if system {
            objects.push(catalog.object([SYSTEM, name]));
        }
        for called in users {
            pure &= called.pure;
            set |= called.set;
            objects.extend(called.objects);
        }
        if objects.is_empty() {
            objects = self.somewhere(name);
            pure = false;
            set = true;
        }
        Called { objects, pure, set, shape: Shape::Unknown }
    }

    /// A name that nobody has heard of: made since, or of a later server.
    fn somewhere(&self, name: &str) -> Vec<Object> {
        let catalog = self.names.catalog;
        if name.starts_with("pg_") {
            return vec![catalog.object([SYSTEM, name])];
        }
        let candidates = self.path.candidates();
        let mut objects: Vec<Object> = candidates.map(|schema| catalog.object([&**schema, name])).collect();
        if objects.is_empty() {
            objects.push(catalog.object([SYSTEM, name]));
        }
        objects
    }

    /// An operator. Answers whether the value still holds nothing but its operands.
    pub(super) fn operator(&mut self, name: &[Node]) -> bool {
        self.operator_named(&strings(name))
    }

    /// The same, by its name in parts.
    pub(super) fn operator_named(&mut self, names: &[&str]) -> bool {
        let catalog = self.names.catalog;
        match names {
            [] => true,
            [schema, name] => {
                let schema = catalog.spelled(schema);
                let known = schema == SYSTEM && OPERATORS.contains(name);
                known || self.run_operator(vec![catalog.object([schema, name])], false)
            }
            [name] => {
                let schemas = self.path.for_functions().filter(|schema| ***schema != *SYSTEM);
                let known = OPERATORS.contains(name);
                let users: Vec<_> =
                    schemas.filter_map(|schema| Some((schema, catalog.operator(schema, name)?))).collect();
                let brought = users.iter().all(|(_, operator)| operator.extension);
                if known && brought {
                    return true;
                }
                let mut objects: Vec<Object> =
                    users.iter().map(|(schema, _)| catalog.object([&***schema, name])).collect();
                if objects.is_empty() {
                    objects = self.somewhere(name);
                }
                let pure = brought && !users.is_empty();
                self.run_operator(objects, pure)
            }
            _ => self.run_operator(vec![Object::at(names.iter().copied())], false),
        }
    }

    fn run_operator(&mut self, objects: Vec<Object>, pure: bool) -> bool {
        for object in &objects {
            self.runs(object, pure);
        }
        pure
    }

    /// Code that is not known to be clean runs; what it reads is hidden, unless all that it sees are its
    /// arguments.
    fn runs(&mut self, object: &Object, pure: bool) {
        let name = shown(object);
        if !pure {
            self.found.uses.hidden.insert(name.clone());
        }
        self.found.function(name);
        self.found.whole(Effect::Execute, object.clone());
    }
}

/// A function's name as facts list it: with its schema, unless it came with the server.
fn shown(object: &Object) -> String {
    match object.path.as_slice() {
        [schema, name] if **schema == *SYSTEM => name.to_string(),
        _ => object.to_string(),
    }
}

fn sort_key(node: &Node) -> Option<&Node> {
    match &node.node {
        Some(pg_query::NodeEnum::SortBy(sort)) => sort.node.as_deref(),
        Some(_) | None => None,
    }
}
