"""What pgAdmin asks: the templates in its wheel, filled in as it fills them.

    python pgadmin.py FOLDER

Of each template in FOLDER that only asks, the version for this server.
"""

import pathlib
import re
import sys

import jinja2
import psycopg
from asked import asked

# what pgAdmin says first on each connection
FIRST = [
    "SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output','hex',false);"
    " SET client_encoding='UTF8'",
    "SELECT version()",
    "SELECT gss_authenticated, encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid()",
    "SELECT roles.oid AS id, roles.rolname AS name, roles.rolsuper AS is_superuser, CASE WHEN roles.rolsuper THEN true"
    " ELSE roles.rolcreaterole END AS can_create_role FROM pg_catalog.pg_roles AS roles WHERE rolname = current_user",
    "SELECT 'postgres' AS type, current_setting('server_version_num')::int >= 150000 AS known",
]


def main():
    with psycopg.connect(autocommit=True, client_encoding="utf8") as session:
        for text in FIRST:
            print(asked(session, text))
        for name, text in questions(pathlib.Path(sys.argv[1]), numbers(session), session):
            print(f"## {name}")
            print(asked(session, text))


def numbers(session):
    """What pgAdmin knows of the places in its tree by the time that it asks."""
    known = session.execute(
        "SELECT (SELECT oid::int FROM pg_database WHERE datname = current_database()), 'zoo'::regnamespace::oid::int,"
        " 'zoo.animals'::regclass::oid::int, 'zoo.heavy'::regclass::oid::int,"
        " 'zoo.greet(text, text[])'::regprocedure::oid::int,"
        " 'zoo.animals_lower'::regclass::oid::int, 'zoo.diet'::regtype::oid::int, 'zoo.tags'::regclass::oid::int,"
        " (SELECT min(oid)::int FROM pg_constraint WHERE conrelid = 'zoo.animals'::regclass),"
        " (SELECT min(oid)::int FROM pg_trigger WHERE tgrelid = 'zoo.animals'::regclass)"
    ).fetchone()
    names = ["did", "scid", "tid", "vid", "fnid", "idx", "typid", "seid", "cid", "trid"]
    table = dict.fromkeys(["table_id", "oid", "relid", "object_id", "obj_id"], known[2])
    schema = {"schema_id": known[1], "parent_id": known[1], "schema": "zoo"}
    first = dict.fromkeys(["last_system_oid", "datlastsysoid", "lastsysoid"], 16383)
    called = {"table": "animals", "tname": "animals", "name": "animals", "server_type": "pg", "all_obj": True}
    return dict(zip(names, known)) | table | schema | first | called


def questions(templates, known, session):
    """Every template that asks and is of this server's version, filled in."""
    version = session.info.server_version
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(sorted(templates.rglob("templates"))),
        undefined=jinja2.ChainableUndefined,
        extensions=["jinja2.ext.do"],
    )
    environment.filters |= {"qtLiteral": literal, "qtIdent": identifier, "qtTypeIdent": identifier, "hasAny": no}
    for name in newest(sorted(environment.list_templates(extensions=["sql"])), version):
        try:
            text = environment.get_template(name).render(known)
        except (jinja2.TemplateError, TypeError, AttributeError, KeyError, ValueError):
            # of what is asked only with an answer at hand
            continue
        bare = re.sub(r"(?s)\A(\s|--[^\n]*\n|/\*.*?\*/)*", "", text)
        if re.match(r"(?i)(select|with)\b", bare) and not re.search(ACTS, bare):
            yield name, text


# what asks and does something by it
ACTS = "(?i)_terminate_|_cancel_|_reload_|_rotate_|_switch_|pldbg"


def newest(names, version):
    """Of the folders of a template's versions the one that fits best."""
    best = {}
    for name in names:
        found = re.search(r"/(default|\d+_plus)/", name)
        since = 0 if not found or found[1] == "default" else int(found[1].split("_")[0])
        # `9.6_plus` and its like stand for what is older than any server here
        if since * 10000 > version:
            continue
        place = name.replace(found[0], "/*/") if found else name
        if since >= best.get(place, (-1, ""))[0]:
            best[place] = (since, name)
    return sorted(name for _since, name in best.values())


def no(*_any):
    return False


def literal(value, *_connection):
    if isinstance(value, jinja2.Undefined) or value is None:
        return "NULL"
    return "'" + str(value).replace("'", "''") + "'"


def identifier(first, *rest):
    names = [one for one in (first, *rest) if isinstance(one, str) and one]
    return ".".join('"' + one.replace('"', '""') + '"' for one in names)


main()
