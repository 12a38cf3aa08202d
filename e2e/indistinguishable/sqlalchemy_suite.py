"""SQLAlchemy's own tests of its PostgreSQL dialect, from its source distribution, with each of three drivers."""

import outcomes

DATABASES = ["postgres", "alchemy"]
SETTINGS = {"max_prepared_transactions": "10", "jit": "off"}
ENOUGH = {"PASSED .*": 700}

# those that speak to the server; the types alone are nine thousand
DIALECT = [f"test/dialect/postgresql/test_{part}.py" for part in ("dialect", "on_conflict", "query")]
TESTS = {"psycopg": DIALECT, "psycopg2": DIALECT, "asyncpg": [*DIALECT, "test/dialect/postgresql/test_async_pg.py"]}
BEFORE = "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2; CREATE EXTENSION hstore; CREATE EXTENSION citext"


def run(house, way, peers, folder, say):
    place = outcomes.copied(house, peers / "sqlalchemy", "lib", "test", "setup.cfg", "pyproject.toml")
    environment = getattr(house, way)() | {"PYTHONPATH": str(peers / "python")}
    port = environment["PGPORT"]
    for driver, tests in TESTS.items():
        say(driver)
        house.sql("postgres", "CREATE DATABASE alchemy")
        house.sql("alchemy", BEFORE)
        where = ["--dburi", f"postgresql+{driver}://postgres@localhost:{port}/alchemy"]
        outcomes.pytest(house, environment, place, folder / f"{driver}.txt", [*where, *tests])
        house.sql("postgres", "DROP DATABASE alchemy WITH (FORCE)")
