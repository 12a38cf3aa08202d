//! Functions called by number, past every statement (55.2.4, "Function Call"). libpq's large objects are called so.
//!
//! What such a message asks for is what a SELECT of that function would ask for: it is read as one, decided as one, and
//! shown to humans as one. The numbers of the server's own functions never change.
//!
//! THREAT: a number that stands for another function than the one that was decided about. What is not on the list is
//! refused, whatever the rules say.

use bytes::Bytes;
use postern_core::Code;
use postern_core::verdict::Denial;

/// The functions that libpq calls, by number (`pg_proc.dat`).
const KNOWN: &[(u32, &str)] = &[
    (715, "lo_create"),
    (764, "lo_import"),
    (765, "lo_export"),
    (767, "lo_import"),
    (952, "lo_open"),
    (953, "lo_close"),
    (954, "loread"),
    (955, "lowrite"),
    (956, "lo_lseek"),
    (957, "lo_creat"),
    (958, "lo_tell"),
    (964, "lo_unlink"),
    (1004, "lo_truncate"),
    (3170, "lo_lseek64"),
    (3171, "lo_tell64"),
    (3172, "lo_truncate64"),
];

/// The statement that asks for the same.
pub(super) fn statement(function: u32, arguments: usize) -> Result<Bytes, Denial> {
    let Some((_, name)) = KNOWN.iter().find(|(number, _)| *number == function) else {
        let message = format!("calling function {function} by its number is not passed through this gateway");
        return Err(Denial::new(Code::NotSupported, message).hint("call it by its name, in a SELECT"));
    };
    let places: Vec<String> = (1..=arguments).map(|number| format!("${number}")).collect();
    Ok(Bytes::from(format!("SELECT pg_catalog.{name}({})", places.join(", "))))
}

#[cfg(test)]
mod tests;
