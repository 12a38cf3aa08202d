"""Django's own tests, from its source distribution, of what it does with a database: migrations, introspection,
transactions, queries, and all that it has for PostgreSQL alone."""

import re
import sys

import outcomes

# the tests make theirs, and connect to the first for it
DATABASES = ["postgres", "test_django", "test_django_other"]
SETTINGS = {"jit": "off", "max_prepared_transactions": "10"}
ENOUGH = {"ok .*": 3000}

LABELS = [
    "backends",
    "bulk_create",
    "db_functions",
    "fixtures",
    "inspectdb",
    "introspection",
    "migrations",
    "model_fields",
    "postgres_tests",
    "queries",
    "schema",
    "select_for_update",
    "transaction_hooks",
    "transactions",
]
CONFIGURATION = """
import os
server = {
    "ENGINE": "django.db.backends.postgresql",
    "USER": os.environ["PGUSER"],
    "HOST": os.environ["PGHOST"],
    "PORT": os.environ["PGPORT"],
}
DATABASES = {"default": server | {"NAME": "django"}, "other": server | {"NAME": "django_other"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECRET_KEY = "of the tests"
USE_TZ = False
"""


def run(house, way, peers, folder, say):
    place = outcomes.copied(house, peers / "django", "tests")
    (place / "tests" / "e2e_settings.py").write_text(CONFIGURATION)
    environment = getattr(house, way)() | {"PYTHONPATH": f"{peers / 'python'}:{peers / 'django'}"}
    everything = ""
    for label in LABELS:
        say(label)
        command = [sys.executable, "-W", "ignore", "runtests.py", "--settings=e2e_settings", "--parallel=1", "-v2"]
        said = outcomes.output([*command, "--noinput", label], environment, place / "tests")
        everything += said
        (folder / f"{label}.txt").write_text("\n".join(sorted(ended(said))) + "\n")
    (house.folder / "tests.log").write_text(everything)


ENDS = r" \.\.\. (ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$"


def ended(said):
    """Each test with how it ended; a line between the two may be its description."""
    test = None
    for line in said.splitlines():
        if named := re.match(r"(test\w* \([\w.]+\))", line):
            test = named[1]
        if test and (how := re.search(ENDS, line)):
            yield f"{how[1]} {test}"
            test = None
        if re.match(r"(FAIL|ERROR): |Ran \d+ tests? in|(OK|FAILED)( \(.*\))?$", line):
            yield re.sub(r" in [\d.]+s", "", line)
