//! What PostgreSQL can be asked: actions, the shape of objects, facts, and what is harmless.
//!
//! Configuration, refusals and documentation are written from it.

mod harmless;

use postern_core::operation::{Action, Effect, Object};
use postern_core::vocabulary::{FactKind, FactWord, Proof, Shape, Vocabulary};

/// The protocol's words.
pub static VOCABULARY: Vocabulary = Vocabulary {
    protocol: "postgres",
    actions: action::ALL,
    commands: &[],
    shape: Shape { space: Some("database"), levels: &["schema", "table"], columns: true },
    facts: FACTS,
    harmless: harmless::HARMLESS,
    guarded: harmless::GUARDED,
    credentials: harmless::CREDENTIALS,
    proof: Proof::Certificate,
    port: 15432,
};

/// Whether a function is one of those that are harmless because they show nobody's data.
pub(crate) fn shows_no_data(function: &Object) -> bool {
    let [schema, name] = function.path.as_slice() else {
        return false;
    };
    let named = |pattern: &str| match pattern.split_once('.') {
        Some((first, last)) => first == &**schema && fits(last, name),
        None => false,
    };
    let calls = harmless::HARMLESS.iter().filter(|one| one.effect == Effect::Execute);
    calls.map(|one| one.object).any(named)
}

/// Whether a relation shows values of columns that are not its own: statistics, statements, storage.
pub(crate) fn shows_data_of_others(relation: &Object) -> bool {
    match relation.path.as_slice() {
        [schema, _] if **schema == *"pg_toast" => true,
        [_, name] => harmless::SAMPLES.contains(&&**name),
        _ => false,
    }
}

/// Whether a name fits a pattern with at most one `*`.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
    }
}

/// Declares each action once, and the list of them all.
macro_rules! actions {
    ($($name:ident = $word:literal, $about:literal;)*) => {
        $(#[doc = $about] pub const $name: Action = Action($word);)*
        /// Every action, by its word.
        pub const ALL: &[&str] = &[$($word),*];
    };
}

/// The actions that statements are read as.
pub mod action {
    use super::Action;

    actions! {
        SELECT = "postgres.select", "`SELECT`, `VALUES`, `TABLE`.";
        INSERT = "postgres.insert", "`INSERT`, also inside `WITH` or `MERGE`.";
        UPDATE = "postgres.update", "`UPDATE`, also inside `WITH`, `MERGE` or `ON CONFLICT`.";
        DELETE = "postgres.delete", "`DELETE`, also inside `WITH` or `MERGE`.";
        MERGE = "postgres.merge", "`MERGE`.";
        TRUNCATE = "postgres.truncate", "`TRUNCATE`.";
        COPY_IN = "postgres.copy_in", "`COPY … FROM STDIN`.";
        COPY_OUT = "postgres.copy_out", "`COPY … TO STDOUT`.";
        COPY_FILE = "postgres.copy_file", "`COPY` from or to a file on the server.";
        COPY_PROGRAM = "postgres.copy_program", "`COPY` from or to a program on the server.";
        EXPLAIN = "postgres.explain", "`EXPLAIN`, with `ANALYZE` or without.";
        CALL = "postgres.call", "`CALL` of a procedure.";
        DO = "postgres.do", "`DO`, a block of code.";
        PREPARE = "postgres.prepare", "`PREPARE` of a statement.";
        DEALLOCATE = "postgres.deallocate", "`DEALLOCATE`.";
        EXECUTE = "postgres.execute", "`EXECUTE` of a statement that the gateway has not seen.";
        DECLARE = "postgres.declare", "`DECLARE` of a cursor.";
        FETCH = "postgres.fetch", "`FETCH` or `MOVE`.";
        CLOSE = "postgres.close", "`CLOSE` of a cursor.";
        BEGIN = "postgres.begin", "`BEGIN` or `START TRANSACTION`.";
        COMMIT = "postgres.commit", "`COMMIT` or `END`.";
        ROLLBACK = "postgres.rollback", "`ROLLBACK` or `ABORT`.";
        SAVEPOINT = "postgres.savepoint", "`SAVEPOINT`, `RELEASE` and `ROLLBACK TO`.";
        TWO_PHASE = "postgres.two_phase", "`PREPARE TRANSACTION` and what ends one.";
        SET = "postgres.set", "`SET` and `RESET` of a setting that only the session notices.";
        SET_PINNED = "postgres.set_pinned", "`SET` of a setting that changes how text is read.";
        SET_PRIVILEGED = "postgres.set_privileged", "`SET` of a setting that turns a protection off.";
        SET_ROLE = "postgres.set_role", "`SET ROLE`, `SET SESSION AUTHORIZATION` and their `RESET`.";
        SHOW = "postgres.show", "`SHOW`; `IDENTIFY_SYSTEM` and `TIMELINE_HISTORY`.";
        DISCARD = "postgres.discard", "`DISCARD`.";
        LISTEN = "postgres.listen", "`LISTEN`.";
        UNLISTEN = "postgres.unlisten", "`UNLISTEN`.";
        NOTIFY = "postgres.notify", "`NOTIFY`.";
        LOCK = "postgres.lock", "`LOCK`.";
        SET_CONSTRAINTS = "postgres.set_constraints", "`SET CONSTRAINTS`.";
        LOAD = "postgres.load", "`LOAD` of a shared library.";
        ALTER_SYSTEM = "postgres.alter_system", "`ALTER SYSTEM`.";
        MAINTAIN = "postgres.maintain", "`VACUUM`, `ANALYZE`, `CLUSTER`, `REINDEX`, `CHECKPOINT`.";
        REFRESH = "postgres.refresh", "`REFRESH MATERIALIZED VIEW`.";
        COMMENT = "postgres.comment", "`COMMENT`.";
        SECURITY_LABEL = "postgres.security_label", "`SECURITY LABEL`.";
        GRANT = "postgres.grant", "`GRANT` and `ALTER DEFAULT PRIVILEGES … GRANT`.";
        REVOKE = "postgres.revoke", "`REVOKE` and `ALTER DEFAULT PRIVILEGES … REVOKE`.";
        CREATE = "postgres.create", "`CREATE` of anything without an action of its own.";
        ALTER = "postgres.alter", "`ALTER` of anything without an action of its own.";
        DROP = "postgres.drop", "`DROP` of anything without an action of its own.";
        ROLE = "postgres.role", "`CREATE`, `ALTER` and `DROP` of roles, `REASSIGN` and `DROP OWNED`.";
        EXTENSION = "postgres.extension", "`CREATE`, `ALTER` and `DROP` of extensions and languages.";
        FUNCTION = "postgres.function", "`CREATE`, `ALTER` and `DROP` of functions, casts and the like.";
        TRIGGER = "postgres.trigger", "`CREATE`, `ALTER` and `DROP` of triggers, event triggers, rules.";
        POLICY = "postgres.policy", "`CREATE`, `ALTER` and `DROP` of row-level security policies.";
        FOREIGN = "postgres.foreign", "`CREATE`, `ALTER` and `DROP` of foreign servers, wrappers, user mappings.";
        REPLICATION = "postgres.replication", "`CREATE`, `ALTER` and `DROP` of publications and subscriptions.";
        REPLICATE = "postgres.replicate", "A walsender, and its commands: `START_REPLICATION`, `BASE_BACKUP`, slots.";
        DATABASE = "postgres.database", "`CREATE`, `ALTER` and `DROP` of databases and tablespaces.";
        EMPTY = "postgres.empty", "No statement at all.";
        UNKNOWN = "postgres.unknown", "A statement that is not known here.";
    }
}

const FACTS: &[FactWord] = &[
    FactWord {
        name: "no_where",
        kind: FactKind::Flag,
        about: "an UPDATE, DELETE, MERGE or TRUNCATE anywhere in the statement, or else the SELECT, has no \
                WHERE, or one that is true whatever the row holds",
    },
    FactWord {
        name: "where_columns",
        kind: FactKind::List,
        about: "the columns of the changed table (of a SELECT: of any) that are given a value, or a list of them, \
                in every row reached: `id = 5`, not `id > 0`; with several changes, those that hold for all",
    },
    FactWord { name: "no_limit", kind: FactKind::Flag, about: "the statement is a query without LIMIT" },
    FactWord { name: "multi_statement", kind: FactKind::Flag, about: "the message holds more than one statement" },
    FactWord {
        name: "dynamic",
        kind: FactKind::Flag,
        about: "the statement runs code that cannot be seen in it: DO, CALL, functions given SQL as text",
    },
    FactWord { name: "unparsed", kind: FactKind::Flag, about: "the text could not be read as SQL at all" },
    FactWord {
        name: "locks",
        kind: FactKind::Flag,
        about: "the statement asks for locks: FOR UPDATE and its like, LOCK",
    },
    FactWord { name: "tables", kind: FactKind::List, about: "the relations that the statement names, as schema.table" },
    FactWord {
        name: "functions",
        kind: FactKind::List,
        about: "the functions and operators that the statement names; with their schema where they did not \
                come with the server",
    },
];

#[cfg(test)]
mod tests;
