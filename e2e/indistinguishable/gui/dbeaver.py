"""What DBeaver asks as it opens two databases, a schema and an editor.

Its questions stand in its sources among Java. As they do, these ask for whole rows of the catalogs by the schema's
number, over the extended protocol.
"""

import psycopg
from asked import asked

# DBeaver takes whole rows; `%s` is the number of a schema
QUESTIONS = [
    "SET extra_float_digits = 3",
    "SET application_name = 'DBeaver 25.0.0 - Main <postgres>'",
    "SELECT current_schema(), session_user",
    "SHOW search_path",
    "SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate ORDER BY db.datname",
    "SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n"
    " LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.classoid = 'pg_namespace'::regclass"
    " ORDER BY nspname",
    "SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name,"
    " d.description"
    " FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid"
    " LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid WHERE t.typname IS NOT NULL ORDER BY t.oid",
    "SELECT e.oid, e.* FROM pg_catalog.pg_enum e ORDER BY e.oid",
    "SELECT a.oid, a.*, pg_catalog.shobj_description(a.oid, 'pg_authid') AS description FROM"
    " pg_catalog.pg_roles a ORDER BY a.rolname",
    "SELECT m.* FROM pg_catalog.pg_auth_members m ORDER BY roleid, member",
    "SELECT t.oid, t.*, pg_tablespace_location(t.oid) AS loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid",
    "SELECT x.oid, x.*, n.nspname AS schema_name FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n"
    " ON n.oid = x.extnamespace ORDER BY x.oid",
    "SELECT name, default_version, installed_version, comment FROM pg_catalog.pg_available_extensions ORDER BY name",
    "SELECT * FROM pg_catalog.pg_settings ORDER BY name",
    "SELECT l.oid, l.* FROM pg_catalog.pg_language l ORDER BY l.oid",
    "SELECT a.oid, a.* FROM pg_catalog.pg_am a ORDER BY a.oid",
    "SELECT c.oid, c.*, d.description, (SELECT array_agg(i.inhparent) FROM pg_catalog.pg_inherits i WHERE"
    " i.inhrelid = c.oid) AS parents,"
    " pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key"
    " FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d"
    " ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass"
    " WHERE c.relnamespace = %s AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.oid",
    "SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, ds.description"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON a.attrelid = c.oid"
    " LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum"
    " LEFT OUTER JOIN pg_catalog.pg_description ds ON c.oid = ds.objoid AND a.attnum = ds.objsubid"
    " WHERE NOT a.attisdropped AND c.relnamespace = %s ORDER BY c.oid, a.attnum",
    "SELECT c.oid, c.*, t.relname AS table_name, pg_catalog.pg_get_constraintdef(c.oid) AS definition"
    " FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid WHERE t.relnamespace ="
    " %s ORDER BY c.oid",
    "SELECT i.*, i.indkey AS keys, c.relname, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr,"
    " pg_catalog.pg_get_indexdef(i.indexrelid, 1, true) AS first FROM pg_catalog.pg_index i"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = %s ORDER BY c.relname",
    "SELECT p.oid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS defaults, l.lanname, d.description"
    " FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_language l ON p.prolang = l.oid"
    " LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = p.oid WHERE p.pronamespace = %s ORDER BY p.oid",
    "SELECT x.oid, x.*, p.relname FROM pg_catalog.pg_trigger x JOIN pg_catalog.pg_class p ON p.oid = x.tgrelid"
    " WHERE NOT x.tgisinternal AND p.relnamespace = %s ORDER BY x.oid",
    "SELECT r.oid, r.*, pg_catalog.pg_get_ruledef(r.oid, true) AS definition FROM pg_catalog.pg_rewrite r"
    " JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = %s ORDER BY r.oid",
    "SELECT p.* FROM pg_catalog.pg_policies p JOIN pg_catalog.pg_namespace n ON n.nspname = p.schemaname WHERE"
    " n.oid = %s ORDER BY policyname",
    "SELECT c.relname, pg_catalog.pg_table_size(c.oid), pg_catalog.pg_total_relation_size(c.oid),"
    " pg_catalog.pg_relation_size(c.oid)"
    " FROM pg_catalog.pg_class c WHERE c.relnamespace = %s AND c.relkind IN ('r', 'm') ORDER BY 1",
    "SELECT c.relname, pg_catalog.pg_get_viewdef(c.oid, true) FROM pg_catalog.pg_class c WHERE c.relnamespace ="
    " %s AND c.relkind IN ('v', 'm') ORDER BY 1",
    "SELECT s.* FROM pg_catalog.pg_sequences s JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname WHERE"
    " n.oid = %s ORDER BY 1, 2",
    "SELECT d.classid::regclass, d.objid, d.objsubid, d.refclassid::regclass, d.refobjid, d.refobjsubid, d.deptype"
    " FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid IN (d.objid, d.refobjid) WHERE"
    " c.relnamespace = %s ORDER BY 1, 2, 3, 4, 5, 6",
    "SELECT f.oid, f.*, pg_catalog.pg_get_function_identity_arguments(f.oid) FROM pg_catalog.pg_proc f WHERE"
    " f.pronamespace = %s ORDER BY f.oid",
    "SET search_path = zoo, \"$user\", public",
    "SELECT * FROM zoo.animals ORDER BY id LIMIT 200",
    "SELECT count(*) FROM zoo.animals",
    "SELECT pid, datname, usename, state, query FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()",
    "SELECT * FROM pg_catalog.pg_locks WHERE relation = 'zoo.animals'::regclass",
]


def main():
    # one connection for each database that it shows, and one more for an editor
    with (
        psycopg.connect(autocommit=True) as session,
        psycopg.connect("dbname=other", autocommit=True) as other,
        psycopg.connect(autocommit=True) as editor,
    ):
        schema = session.execute("SELECT 'zoo'::regnamespace::oid::int").fetchone()[0]
        for text in QUESTIONS:
            for one in (session, other, editor):
                print(asked(one, text, [schema] * text.count("%s")))


main()
