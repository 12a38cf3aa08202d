"""Reads files of shapes: statements, what must come of them, and how to send them. Enter at `read`."""

import dataclasses
import re

HEADING = re.compile(r"^--- (?P<expected>[a-z/]+)(?P<flags>(?: @\S+)*): (?P<name>.+)$")
VERDICTS = ("masked", "refused", "error", "fine")


@dataclasses.dataclass
class Shape:
    """One thing to try: its statements, in order."""

    name: str
    expected: dict
    flags: dict
    statements: list

    def runs_on(self, version):
        return all(version >= int(flag) for flag in self.flags if flag.isdigit())

    def known(self):
        """Says of a shape that does not hold that this is known."""
        return f" [finding {self.flags['open']}]" if "open" in self.flags else ""

    def runs_by(self, way):
        return way == "simple" or "simple" not in self.flags


def read(path, replaced):
    """The shapes of a file, with `@word@` replaced where it is known."""
    shapes = []
    for line in path.read_text().splitlines():
        heading = HEADING.match(line)
        if heading:
            deny, _, mask = heading["expected"].partition("/")
            expected = {"deny": deny, "mask": mask or deny}
            if not set(expected.values()) <= set(VERDICTS):
                raise ValueError(f"{path}: `{line}` expects what is no verdict")
            flags = dict(flag.lstrip("@").partition("=")[::2] for flag in heading["flags"].split())
            shapes.append(Shape(heading["name"], expected, flags, [""]))
        elif line.startswith("---"):
            raise ValueError(f"{path}: `{line}` is no heading")
        elif shapes and line.strip() and not line.startswith("-- "):
            last = shapes[-1].statements
            last[-1] += ("\n" if last[-1] else "") + line
            if line.endswith(";"):
                last.append("")
    for shape in shapes:
        shape.statements = [filled(text.removesuffix(";"), replaced) for text in shape.statements if text]
    names = [shape.name for shape in shapes]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{path}: two shapes have the name {twice}")
    return shapes


def filled(text, replaced):
    return re.sub(r"@(\w+)@", lambda word: str(replaced.get(word[1], word[0])), text)
