"""A statement and its answer as text."""

import re

import psycopg

FIELDS = ["sqlstate", "message_primary", "message_detail", "message_hint", "statement_position"]


# of the moment, or of a way of its own: times, transactions, ports, folders
STEADY = [
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC", "TIME"),
    (r"datetime\.datetime\([^)]*\)", "TIME"),
    (r"'\d+/\d+'", "TRANSACTION"),
    (r"(?m)^\('port', .*$", "('port')"),
    (r"postern-e2e-\w+", "FOLDER"),
]


def asked(session, text, parameters=()):
    """The statement with its answer, without what no two runs have in common."""
    said = answered(session, text, parameters)
    for pattern, instead in STEADY:
        said = re.sub(pattern, instead, said)
    return said


def answered(session, text, parameters):
    """The columns with their types and all rows, or the error with its fields."""
    try:
        # with parameters as a prepared statement, without as a simple query
        cursor = session.execute(text, parameters or None, prepare=bool(parameters))
    except psycopg.Error as error:
        fields = {name: getattr(error.diag, name) for name in FIELDS}
        return f"{text.strip()}\n{fields}\n"
    if cursor.description is None:
        return f"{text.strip()}\n{cursor.statusmessage}\n"
    columns = [(column.name, column.type_code, column.type_display) for column in cursor.description]
    rows = "".join(f"{steady(row, columns)}\n" for row in cursor.fetchall())
    return f"{text.strip()}\n{columns}\n{rows}"


def steady(row, columns):
    """Each way has processes of its own."""
    return tuple("PROCESS" if name == "pid" else value for value, (name, *_) in zip(row, columns))
