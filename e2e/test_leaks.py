"""What `scripts/e2e leaks` tries, in as much as `make test` has time for: on one server, each mode by some of the ways."""

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE / "leaks"))

import matrix  # noqa: E402
from canaries import Canaries  # noqa: E402

BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")).resolve() / "debug" / "postern"
SERVER = os.environ["POSTERN_PG18"]
# of so many shapes it is seen that they would tell a value
ENOUGH = 200


@pytest.mark.parametrize(("predicates", "ways"), [("deny", ["simple", "binary"]), ("mask", ["text"])])
def test_nothing_of_a_masked_column_comes_out(predicates, ways):
    outcome = matrix.run(BINARY, SERVER, predicates, lambda _what: None, ways, everything=False)
    assert list(outcome.wrong()) == []
    assert len(outcome.outspoken) > ENOUGH
    assert {one.verdict for one in outcome.tried} == {"masked", "refused", "error", "fine"}


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text[3:9],
        lambda text: text[3:9].upper(),
        lambda text: text[::-1][8:14],
        lambda text: text.encode().hex()[6:20],
        lambda text: text[2:9].encode("utf-16-le"),
    ],
)
def test_a_part_is_found_in_any_writing(written):
    canaries = Canaries(1)
    data = written(canaries.values["secret"][1])
    data = data if isinstance(data, bytes) else data.encode()
    assert any(name == "secret" for name, _, _ in canaries.look().within(b"x\0" + data + b"y"))
    assert Canaries(2).look().within(b"x\0" + data + b"y") == []
