"""Programs of our own that use the clients of others: what each prints, line by line."""

import dataclasses
import pathlib
import subprocess

E2E = pathlib.Path(__file__).resolve().parents[1]
DATABASE = "postgres"


@dataclasses.dataclass
class Sessions:
    """A suite: what is run, by the name of its output."""

    commands: dict
    patience: int = 600
    SETTINGS = {"max_prepared_transactions": "2"}
    DATABASES = [DATABASE]

    @property
    def ENOUGH(self):
        return {"the end": len(self.commands), "exit 0": len(self.commands)}

    def run(self, house, way, peers, folder, say):
        environment = getattr(house, way)() | {"PGDATABASE": DATABASE, "HOME": str(house.folder)}
        for name, command in self.commands.items():
            say(name)
            with open(folder.parent / f"{way}-{name}.log", "wb") as log:
                options = {"stderr": log, "env": environment, "cwd": house.folder, "timeout": self.patience}
                # programs that `scripts/e2e` has built stand among what it has fetched
                command = [str(word).replace("PEERS", str(peers)) for word in command]
                done = subprocess.run(command, stdout=subprocess.PIPE, check=False, **options)
            (folder / f"{name}.txt").write_bytes(done.stdout + f"exit {done.returncode}\n".encode())


NODE = Sessions({"pg": ["node", E2E / "node" / "session.mjs", "50"]})
JDBC = Sessions({"jdbc": ["java", "-cp", "/usr/share/java/postgresql.jar", E2E / "JdbcSession.java", "15"]})
RUST = Sessions({"tokio_postgres": ["PEERS/rust/tokio_postgres", "50"], "sqlx": ["PEERS/rust/sqlx"]})
