"""SQLAlchemy looks over a database, as migrations and ORMs do, and reads what it found there."""

import os

from sqlalchemy import MetaData, create_engine, inspect, select

engine = create_engine(
    "postgresql+psycopg://",
    connect_args={"host": os.environ["PGHOST"], "port": os.environ["PGPORT"]},
)
with engine.connect() as connection:
    seen = inspect(connection)
    print("schemas", sorted(seen.get_schema_names()))
    print("views", seen.get_view_names(), seen.get_materialized_view_names(), seen.get_view_definition("recent"))
    print("enums", seen.get_enums())
    print("domains", seen.get_domains())
    print("sequences", sorted(seen.get_sequence_names()))
    for table in sorted(seen.get_table_names()):
        print("table", table, seen.get_table_comment(table))
        for column in seen.get_columns(table):
            print("  column", column)
        print("  key", seen.get_pk_constraint(table))
        print("  references", seen.get_foreign_keys(table))
        print("  unique", seen.get_unique_constraints(table))
        print("  checks", seen.get_check_constraints(table))
        print("  indexes", seen.get_indexes(table))
    metadata = MetaData()
    metadata.reflect(connection)
    orders = metadata.tables["orders"]
    rows = connection.execute(select(orders.c.id, orders.c.state, orders.c.placed).order_by(orders.c.id)).all()
    print("rows", rows)
print("the end")
