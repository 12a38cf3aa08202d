//! The few texts that the model of a server understands, and what there is in its database.

use bytes::Bytes;
use postern_protocols::postgres::catalog::QUERIES;

/// A row of text.
pub(crate) type Row = Vec<Option<String>>;

/// What a text asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Empty,
    /// What no server can parse.
    Misspelt,
    /// So many rows of `r`, or the parameter, or what the gateway asks for itself.
    Rows(Vec<String>, Vec<Row>),
    /// The one parameter.
    Said,
    /// It fails once it runs.
    Fails,
    /// It changes data.
    Does(String),
    Begin,
    Commit,
    Rollback,
    CopyIn,
    CopyOut,
    /// The path, and whether the new one is shown.
    SetPath(String, bool),
    Prepare(String, String),
    Run(String),
    Deallocate(String),
}

impl Word {
    pub(crate) fn of(text: &str, path: &str) -> Self {
        let starts = |start: &str| text.strip_prefix(start).map(ToOwned::to_owned);
        let columns = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        match text {
            "" => Self::Empty,
            "SELECT id, name FROM r" => {
                Self::Rows(columns(&["id", "name"]), vec![row(&["1", "Ann"]), row(&["2", "Bob"]), row(&["3", "Cem"])])
            }
            "SELECT $1::text AS said" => Self::Said,
            "SELECT 1 / (id - 1) FROM r" => Self::Fails,
            "BEGIN" => Self::Begin,
            "COMMIT" => Self::Commit,
            "ROLLBACK" => Self::Rollback,
            "COPY w FROM STDIN" => Self::CopyIn,
            "COPY r TO STDOUT" => Self::CopyOut,
            "INSERT INTO w VALUES (1)" => Self::Does("INSERT 0 1".to_owned()),
            "CREATE TABLE IF NOT EXISTS made ()" => Self::Does("CREATE TABLE".to_owned()),
            _ => {
                if let Some(answers) = own(text, path) {
                    return Self::Rows(vec!["?column?".to_owned(); answers.first().map_or(1, Vec::len)], answers);
                }
                if text.starts_with("DELETE FROM ") {
                    return Self::Does("DELETE 0".to_owned());
                }
                if let Some(path) = starts("SET search_path = ") {
                    return Self::SetPath(path, false);
                }
                if let Some(rest) = starts("SELECT set_config('search_path', '") {
                    return Self::SetPath(rest.split('\'').next().unwrap_or_default().to_owned(), true);
                }
                if let Some((name, text)) = text.strip_prefix("PREPARE ").and_then(|rest| rest.split_once(" AS ")) {
                    return Self::Prepare(name.to_owned(), text.to_owned());
                }
                let by_name = starts("EXECUTE ").map(Self::Run);
                by_name.or_else(|| starts("DEALLOCATE ").map(Self::Deallocate)).unwrap_or(Self::Misspelt)
            }
        }
    }

    /// The columns of its rows, where it has any.
    pub(crate) fn columns(&self) -> Option<Vec<String>> {
        match self {
            Self::Rows(columns, _) => Some(columns.clone()),
            Self::Said => Some(vec!["said".to_owned()]),
            Self::Fails => Some(vec!["?column?".to_owned()]),
            Self::SetPath(_, true) => Some(vec!["set_config".to_owned()]),
            _ => None,
        }
    }

    /// How many parameters it takes.
    pub(crate) fn takes(&self, text: &[u8]) -> usize {
        usize::from(text.contains(&b'$') && !matches!(self, Self::Misspelt | Self::Rows(..)))
    }

    /// Whether a failed transaction takes it.
    pub(crate) fn ends(&self) -> bool {
        matches!(self, Self::Commit | Self::Rollback | Self::Empty)
    }
}

pub(crate) fn row(cells: &[&str]) -> Row {
    cells.iter().map(|cell| Some((*cell).to_owned())).collect()
}

/// What the gateway asks itself, answered.
fn own(text: &str, path: &str) -> Option<Vec<Row>> {
    if text.starts_with("WITH since(xid)") {
        return Some(changes());
    }
    // who the session is, and where it looks names up
    if text.contains("current_schemas(false)") {
        let mut rows = vec![vec![Some("app".to_owned()), None], vec![Some(path.to_owned()), None]];
        rows.push(vec![Some("ISO, MDY".to_owned()), Some("datestyle".to_owned())]);
        return Some(rows);
    }
    let question = QUERIES.iter().position(|question| *question == text)?;
    Some(match question {
        0 => ["pg_catalog", "public", "other"].map(|schema| row(&[schema, "f"])).to_vec(),
        1 => ["pg_catalog", "public"].map(|schema| row(&[schema])).to_vec(),
        2 => RELATIONS.iter().map(|(oid, schema, name)| row(&[oid, schema, name, "r"])).collect(),
        3 => RELATIONS.iter().flat_map(|(oid, ..)| COLUMNS.map(|column| columns_of(oid, column))).collect(),
        9 => vec![row(&["pg_catalog", "set_config", "f", "f", "f"])],
        11 => TYPES.iter().map(|(oid, name)| row(&[oid, "pg_catalog", name, "b", "0", "0", "0", "S"])).collect(),
        _ => Vec::new(),
    })
}

const RELATIONS: &[(&str, &str, &str)] = &[
    ("16401", "public", "r"),
    ("16402", "public", "w"),
    ("16403", "public", "t"),
    ("16404", "other", "t"),
    ("16405", "public", "f"),
];
const COLUMNS: [(&str, &str, &str); 2] = [("1", "id", "23"), ("2", "name", "25")];
const TYPES: &[(&str, &str)] = &[("23", "int4"), ("25", "text"), ("16", "bool")];

fn columns_of(oid: &str, (number, name, kind): (&str, &str, &str)) -> Row {
    row(&[oid, number, name, kind, "-1", "f", "f"])
}

/// Nothing ever changes but the path.
fn changes() -> Vec<Row> {
    let told = |kind: &str, text: &str| vec![Some(kind.to_owned()), None, None, Some(text.to_owned())];
    let oids = RELATIONS.iter().map(|(oid, ..)| *oid).collect::<Vec<_>>().join(" ");
    let mut rows = vec![told("since", "700"), told("database", "ab"), told("isolation", "read committed")];
    rows.push(told("relations", &oids));
    for (oid, name) in [("11", "pg_catalog"), ("2200", "public"), ("16400", "other")] {
        rows.push(row(&["schema", oid, name, "false"]));
    }
    rows.extend(["functions", "operators", "members", "rules"].map(|kind| told(kind, "cd")));
    rows
}

/// Whether a text is one of the gateway's own questions.
pub(crate) fn is_own(text: &Bytes) -> bool {
    own(&String::from_utf8_lossy(text), "public").is_some()
}
