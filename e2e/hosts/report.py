"""What came of a scenario on two ways: the same, explained, refused as it should be, or wrong. Enter at `Report`."""

import re
import shutil
import sys

import differences

KNOWN = "explained.toml"
# lines of what is wrong with a scenario
SHOWN = 12


class Report:
    """Outcomes, written down in a folder for each way, and what is wrong with them."""

    def __init__(self, into, known):
        self.into, self.known = into, known
        self.lines, self.wrong = [], []
        shutil.rmtree(into, ignore_errors=True)
        for way in ("direct", "through"):
            (into / way).mkdir(parents=True)

    def take(self, scenario, direct, through):
        name = scenario.file()
        (self.into / "direct" / name).write_text(direct.text())
        (self.into / "through" / name).write_text(through.text())
        problems = list(lacking(scenario, direct))
        if scenario.refused:
            word = "refused"
            problems += refused(scenario, direct, through)
        else:
            found = list(differences.of_output("hosts", self.into, name, self.known))
            problems += [f"{one.side}: {one.line}" for one in found if one.why is None]
            word = "explained" if found else "the same"
        word = "WRONG" if problems else word
        self.lines.append((scenario, word))
        self.wrong += problems
        print(f"  {word:9}  {scenario.name}", flush=True)
        for one in problems[:SHOWN]:
            print(f"               {one[:300]}", flush=True)
        if len(problems) > SHOWN:
            print(f"               … and {len(problems) - SHOWN} lines more", flush=True)

    def unused(self):
        """Explanations that nothing needs."""
        return [f"{KNOWN} explains what does not differ: {one.why}" for one in self.known if not one.used and not one.sometimes]

    def finish(self, everything):
        unused = self.unused() if everything else []
        counts = {}
        for _, word in self.lines:
            counts[word] = counts.get(word, 0) + 1
        said = ", ".join(f"{count} {word}" for word, count in counts.items())
        print(f"{len(self.lines)} scenarios: {said}; their outputs are in {self.into}")
        for one in unused:
            print(f"error: {one}", file=sys.stderr)
        return not self.wrong and not unused


def lacking(scenario, direct):
    """Why a scenario proves nothing: two runs that both fail are the same as well."""
    if direct.status != scenario.status:
        yield f"direct: it ends with {direct.status} and not {scenario.status}: {direct.err.decode(errors='replace')[-300:]}"


def refused(scenario, direct, through):
    """What is to be seen of a refusal: it is said, it is no success, and what was asked for did not happen."""
    said = (through.out + through.err).decode(errors="replace")
    for pattern in scenario.refused:
        if not re.search(pattern, said, re.MULTILINE):
            yield f"through: nobody says `{pattern}`: {said[-300:]}"
    if through.status != scenario.refused_status:
        yield f"through: it ends with {through.status} and not {scenario.refused_status}"
    for way, outcome, there in (("direct", direct, True), ("through", through, False)):
        if any(re.search(r"[ /]mark( |$)", line) for line in outcome.here + outcome.there) is not there:
            yield f"{way}: there is {'no' if there else 'a'} file `mark`"
