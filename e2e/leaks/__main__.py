"""Whether anything of a masked column comes out, whatever a client asks.

    python3 e2e/leaks --binary FILE --into FOLDER --server 15=ROOT … [matrix] [inference]

It ends with 0 where nothing leaks, every connection stays usable, and every shape meets what its file expects.
"""

import argparse
import pathlib
import sys
import time

import inference
import matrix

PARTS = {"matrix": matrix, "inference": inference}
PREDICATES = ("deny", "mask")


class Progress:
    """One line a run, and a word every minute."""

    def __init__(self, title):
        self.title, self.began, self.told = title, time.monotonic(), 0

    def say(self, what):
        seconds = int(time.monotonic() - self.began)
        if seconds - self.told >= 60:
            self.told = seconds
            print(f"{self.title} {seconds:4d} s … {what}", file=sys.stderr, flush=True)

    def done(self, what):
        print(f"{self.title} {int(time.monotonic() - self.began):4d} s  {what}", flush=True)


def report(progress, outcome, path):
    """Writes down what came of a run, and says what is wrong. Answers whether nothing is."""
    wrong = list(outcome.wrong())
    path.with_suffix(".md").write_text(outcome.table())
    path.with_suffix(".wrong").write_text("".join(f"{line}\n" for line in wrong))
    progress.done(outcome.summary())
    for line in wrong[:40]:
        print(f"  {line[:400]}")
    if len(wrong) > 40:
        print(f"  … and {len(wrong) - 40} lines more, in {path.with_suffix('.wrong')}")
    return not wrong


def main():
    parser = argparse.ArgumentParser(prog="e2e/leaks")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--server", action="append", required=True, help="VERSION=ROOT")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    good = True
    for server in options.server:
        version, root = server.split("=", 1)
        for part in options.parts or PARTS:
            for predicates in PREDICATES:
                progress = Progress(f"{part:9} {version} {predicates}")
                outcome = PARTS[part].run(options.binary, root, predicates, progress.say)
                good &= report(progress, outcome, options.into / f"{part}-{version}-{predicates}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
