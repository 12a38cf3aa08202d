"""asyncpg's own tests, from its source distribution: which passed, which failed and how.

Those that start a server of their own do not go through a gateway, and are left out.
"""

import outcomes

# tests create the others and connect to them
DATABASES = ["postgres", "testdb", "asyncpg_intro_test"]
SETTINGS = {"log_connections": "on", "jit": "off"}
ENOUGH = {"PASSED .*": 300}

OWN_SERVER = ["TestHotStandby", "TestClientSSLConnection", "TestSSLConnection", "TestNoSSLConnection"]


def run(house, way, peers, folder, say):
    say("all")
    # only the tests: beside the library's sources they would run with these
    place = outcomes.copied(house, peers / "asyncpg", "tests")
    environment = getattr(house, way)() | {
        "PGDATABASE": "postgres",
        # `TestConnectionGC` looks at when objects of a connection are freed; asyncio frees those of TLS later, and so these
        # two tests fail over TLS to PostgreSQL itself
        "PGSSLMODE": "disable",
        "PYTHONPATH": str(peers / "python"),
    }
    chosen = " and ".join(f"not {name}" for name in OWN_SERVER)
    outcomes.pytest(house, environment, place, folder / "outcomes.txt", ["--tb=line", "-k", chosen, "tests"])
