"""psycopg2's own tests, from its source distribution. (psycopg 3's carries none.)"""

import outcomes

DATABASES = ["postgres", "psycopg2_test"]
SETTINGS = {"max_prepared_transactions": "10", "jit": "off"}
ENOUGH = {"PASSED .*": 600}


def run(house, way, peers, folder, say):
    say("all")
    house.sql("postgres", "CREATE DATABASE psycopg2_test")
    house.sql("psycopg2_test", "CREATE EXTENSION hstore")
    place = outcomes.copied(house, peers / "psycopg2", "tests")
    environment = getattr(house, way)() | {"PYTHONPATH": str(peers / "python"), "PGSSLMODE": "disable"}
    outcomes.pytest(house, environment, place, folder / "outcomes.txt", ["tests"])
