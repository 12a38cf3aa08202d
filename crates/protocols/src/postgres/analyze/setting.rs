//! What it means to change a setting.
//!
//! The names are those of `pg_settings` in PostgreSQL 14 to 18. A name with a dot belongs to an
//! extension or to nobody. What is not listed is unknown, and counts as such.

use std::sync::Arc;

/// What it means to change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Only the session itself notices.
    Harmless,
    /// It changes what names mean: the session has to keep track of it.
    Tracked,
    /// It changes how text is read: it stays as it is.
    Pinned,
    /// It takes on another role.
    Role,
    /// It turns a protection off, or loads code.
    Privileged,
    /// Nobody can say.
    Unknown,
}

/// What it means to change the setting of this name, whatever its case.
#[must_use]
pub fn class(name: &str) -> Class {
    let name = name.to_ascii_lowercase();
    let name = name.as_str();
    match name {
        "search_path" => Class::Tracked,
        "role" | "session_authorization" => Class::Role,
        _ if FIXED.contains(&name) || PINNED.iter().any(|(pinned, _)| *pinned == name) => Class::Pinned,
        _ if PRIVILEGED.contains(&name) => Class::Privileged,
        _ if HARMLESS.contains(&name) || name.starts_with("enable_") => Class::Harmless,
        _ if name.contains('.') && !loads(name) => Class::Harmless,
        _ => Class::Unknown,
    }
}

/// Settings with the one value that they have in every session, which the server reports: other values change how
/// statements are read.
pub const PINNED: &[(&str, &str)] = &[("client_encoding", "UTF8"), ("standard_conforming_strings", "on")];

/// Whether a setting of which the server reports this value is pinned, and has another one.
#[must_use]
pub fn strays(name: &str, value: &str) -> bool {
    PINNED.iter().any(|(pinned, _)| *pinned == name) && !keeps(name, value)
}

/// Whether a value is the one that a pinned setting has through this gateway, in any of the server's spellings.
/// Drivers and dumps set it to make sure.
#[must_use]
pub fn keeps(name: &str, value: &str) -> bool {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match name {
        "client_encoding" => ["utf8", "unicode"].contains(&plain.as_str()),
        "standard_conforming_strings" => ["on", "true", "yes", "1"].contains(&plain.as_str()),
        _ => false,
    }
}

/// Whether a value takes no protection away, whatever stood before: of what is pinned its own value, and of the relations
/// that are shut out all that can be. Dumps begin with it.
pub(super) fn is_safe(name: &str, value: &str) -> bool {
    let every = || {
        let mut kinds: Vec<&str> = value.split(',').map(str::trim).collect();
        kinds.sort_unstable();
        kinds == ["foreign-table", "view"]
    };
    keeps(name, value) || (name == "restrict_nonsystem_relation_kind" && every())
}

/// What a client calls itself, in the server's log and its list of sessions.
pub const APPLICATION_NAME: &str = "application_name";
/// How an `application_name` begins in which the gateway says who is connected.
pub const MARK: &str = "postern:";
/// What the gateway calls its own connections, as no principal is called: no name has a space there.
pub const OWN: &str = "postern: gateway";
/// Why a client may not begin its own so.
pub const POSING: &str =
    "`application_name` cannot be `postern` or begin with `postern:`, by which the gateway says who is connected";

/// Whether a setting of this name and value would say in the gateway's words who is connected, or in what a reader may
/// take for them.
#[must_use]
pub fn poses(name: &str, value: &str) -> bool {
    let said: String = value.chars().filter(|letter| letter.is_ascii_graphic()).collect();
    let said = said.to_ascii_lowercase();
    name == APPLICATION_NAME && (said.starts_with(MARK) || said == MARK.trim_end_matches(':'))
}

/// Whether a setting may be shown to anybody: all but those that say how the server is guarded.
pub(super) fn is_open(name: &str) -> bool {
    const INFORMATION: &[&str] = &[
        "server_version",
        "server_version_num",
        "server_encoding",
        "lc_collate",
        "lc_ctype",
        "is_superuser",
        "integer_datetimes",
        "max_identifier_length",
        "max_index_keys",
        "block_size",
        "in_hot_standby",
        "transaction_isolation",
        "transaction_read_only",
        "transaction_deferrable",
        "max_connections",
        "wal_level",
        "scram_iterations",
        "segment_size",
        "wal_block_size",
        "wal_segment_size",
        "data_directory_mode",
        "function_argument_count",
        "max_function_args",
        "shared_buffers",
        "huge_pages",
        "ssl",
        "data_checksums",
        "port",
        "max_prepared_transactions",
        "track_activities",
    ];
    let name = name.to_ascii_lowercase();
    INFORMATION.contains(&name.as_str())
        || !matches!(class(&name), Class::Unknown | Class::Privileged) && !name.contains('.')
}

/// Whether the server takes each value of a `SET` of this name for one name, whatever is in it.
pub(super) fn is_list_of_names(name: &str) -> bool {
    ["search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"].contains(&name)
}

/// A name as it stands in a list of names.
pub(super) fn quoted(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if starts && name.bytes().all(plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The schemas that a value of `search_path` lists, in order; none where it is no list of names.
#[must_use]
pub fn search_path(value: &str) -> Option<Vec<Arc<str>>> {
    let mut listed = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let (name, after) = first_name(rest)?;
        listed.push(name.into());
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) if !after.trim_start().is_empty() => rest = after.trim_start(),
            Some(_) => return None,
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    Some(listed)
}

/// The first name of a list and what follows it. Names without quotes are in lower case.
fn first_name(list: &str) -> Option<(String, &str)> {
    let Some(quoted) = list.strip_prefix('"') else {
        let end = list.find([',', ' ', '\t', '\n', '\r']).unwrap_or(list.len());
        let (name, rest) = list.split_at_checked(end)?;
        return (!name.is_empty()).then(|| (name.to_ascii_lowercase(), rest));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, after)),
        }
    }
}

/// Extension settings that load code or start servers.
fn loads(name: &str) -> bool {
    name.starts_with("plpython") || name.starts_with("plperl") || name.ends_with("_preload_libraries")
}

/// Other names and settings that change how text is read, which no session sets.
const FIXED: &[&str] = &["names", "backslash_quote", "transform_null_equals", "array_nulls"];

const PRIVILEGED: &[&str] = &[
    "session_replication_role",
    "local_preload_libraries",
    "session_preload_libraries",
    "dynamic_library_path",
    "jit_provider",
    "lo_compat_privileges",
    "allow_system_table_mods",
    "ignore_system_indexes",
    "zero_damaged_pages",
    "event_triggers",
    "exit_on_error",
    "restrict_nonsystem_relation_kind",
    "default_with_oids",
    "createrole_self_grant",
];

const HARMLESS: &[&str] = &[
    "application_name",
    "backend_flush_after",
    "bytea_output",
    "check_function_bodies",
    "client_connection_check_interval",
    "client_min_messages",
    "commit_delay",
    "commit_siblings",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "default_statistics_target",
    "default_table_access_method",
    "default_tablespace",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "effective_io_concurrency",
    "escape_string_warning",
    "extra_float_digits",
    "force_parallel_mode",
    "debug_parallel_query",
    "from_collapse_limit",
    "geqo",
    "geqo_effort",
    "geqo_generations",
    "geqo_pool_size",
    "geqo_seed",
    "geqo_selection_bias",
    "geqo_threshold",
    "gin_fuzzy_search_limit",
    "gin_pending_list_limit",
    "hash_mem_multiplier",
    "icu_validation_level",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "io_combine_limit",
    "jit",
    "jit_above_cost",
    "jit_expressions",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "jit_tuple_deforming",
    "join_collapse_limit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "logical_decoding_work_mem",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "password_encryption",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "recursive_worktable_factor",
    // off, it has the server refuse where it would have left rows out: pg_dump asks for it
    "row_security",
    "seed",
    "seq_page_cost",
    "stats_fetch_consistency",
    "statement_timeout",
    "synchronize_seqscans",
    "synchronous_commit",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "temp_buffers",
    "temp_tablespaces",
    "timezone",
    "timezone_abbreviations",
    "trace_notify",
    "trace_sort",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_timeout",
    "vacuum_buffer_usage_limit",
    "vacuum_cost_delay",
    "vacuum_cost_limit",
    "vacuum_cost_page_dirty",
    "vacuum_cost_page_hit",
    "vacuum_cost_page_miss",
    "vacuum_freeze_min_age",
    "vacuum_freeze_table_age",
    "vacuum_multixact_freeze_min_age",
    "vacuum_multixact_freeze_table_age",
    "vacuum_failsafe_age",
    "vacuum_multixact_failsafe_age",
    "wal_skip_threshold",
    "work_mem",
    "xmlbinary",
    "xmloption",
    "ssl_renegotiation_limit",
];

#[cfg(test)]
mod tests;
