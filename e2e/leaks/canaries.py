"""Values that stand in masked columns and nowhere else, and how to find them in bytes whatever was done to them.

Texts have a sign in every five characters, so that no random identifier, signature or number holds a part of one by
chance. Enter at `Canaries`.
"""

import base64
import datetime
import decimal
import hashlib
import json
import random
import string
import struct
import urllib.parse
import uuid

# of what a mask must hide, this much is a leak
PART = 6
# of a number, which others may resemble
DIGITS = 9
# of every part so much is looked up first
START = 5
LETTERS = string.ascii_letters + string.digits
SIGNS = "~§%"
# stands for NULL
ABSENT = "absent"
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)


def drawn(chance, length, kept=""):
    """A text with a sign in every window of `PART` characters, the last characters as they are given."""
    marks = (chance.choice(LETTERS) if at % 5 != 4 else chance.choice(SIGNS) for at in range(length - len(kept)))
    return "".join(marks) + kept


class Canaries:
    """The values of a database by the names of their columns, and what a mask lets through of each."""

    def __init__(self, seed):
        chance = random.Random(seed)
        # what `partial` keeps is the same whatever the seed: it may be seen
        kept = random.Random(0)
        self.values = {}
        for name in ("email", "phone", "code", "address", "number", "parent"):
            self.values[name] = [drawn(chance, 30, drawn(kept, 4)) for _ in range(4)]
        # what is hidden wholly may be shorter, or not there at all
        for name in ("secret", "token", "label", "payload", "content", "contact", "nested", "member", "stated"):
            self.values[name] = [drawn(chance, 30 if seed % 2 else 22 + n) for n in range(4)]
        for name in ("profile", "raw", "tags", "home", "doc"):
            self.values[name] = [drawn(chance, 24) for _ in range(4)]
        self.values["score"] = [chance.randrange(10**17, 10**18) for _ in range(4)]
        self.values["salary"] = [decimal.Decimal(chance.randrange(10**19, 10**20)).scaleb(-2) for _ in range(4)]
        self.values["ratio"] = [float(chance.randrange(10**14, 10**15)) for _ in range(4)]
        years = [datetime.datetime(2900 + n, 7, 19, 13, 37, 42, chance.randrange(10**5, 10**6)) for n in range(4)]
        self.values["born"] = [when.date() + datetime.timedelta(days=chance.randrange(100)) for when in years]
        self.values["seen"] = [when.replace(tzinfo=datetime.timezone.utc) for when in years]
        self.values["key"] = [uuid.UUID(bytes=chance.randbytes(16)) for _ in range(4)]
        self.values["photo"] = [chance.randbytes(24) for _ in range(4)]
        self.values["host"] = [
            "2001:" + ":".join(f"{chance.randrange(0x1000, 0x10000):x}" for _ in range(7)) for _ in range(4)
        ]
        self.absent = set() if seed % 2 else {"doc1"}
        self.values["feeling"] = [0, 1, 2, 3] if seed % 2 else [3, 2, 1, 0]

    def look(self):
        """What finds them."""
        found = Look()
        for name, values in self.values.items():
            for value in values:
                found.add(name, value)
        return found

    def parts(self):
        """The values as SQL, by `{name0}` and so on in a text."""
        parts = {f"{name}{n}": literal(value) for name, values in self.values.items() for n, value in enumerate(values)}
        return parts | dict.fromkeys(self.absent, ABSENT)


def literal(value):
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


class Look:
    """What stands in bytes of any of the values: as they are, or in another writing."""

    def __init__(self):
        # parts by their length: as they stand, and whatever their case
        self.exact, self.folded = {}, {}
        # the lengths of those that begin so
        self.exact_starts, self.folded_starts = {}, {}

    def add(self, name, value):
        if isinstance(value, str) and name == "host":
            self._address(name, value)
        elif isinstance(value, str):
            # what partial masks leave may be seen
            self._text(name, value[:-4] if value[-4:] in KEPT else value, value)
        elif isinstance(value, datetime.datetime):
            self._moment(name, value)
        elif isinstance(value, datetime.date):
            self._day(name, value)
        elif isinstance(value, uuid.UUID):
            self._windows(name, "text", str(value).encode(), 10)
            self._windows(name, "hex", value.hex.encode(), 10)
            self._data(name, value.bytes)
        elif isinstance(value, bytes):
            self._data(name, value)
        elif name != "feeling":
            self._number(name, value)

    def _text(self, name, hidden, whole):
        data = hidden.encode()
        for writing, text in [("text", hidden), ("reversed", hidden[::-1])]:
            for at in range(len(text) - PART + 1):
                self._part(name, writing, text[at : at + PART].encode())
                for form in ("utf-16-le", "utf-16-be"):
                    self._part(name, form, text[at : at + PART].encode(form))
        for writing, text in [
            ("URL", urllib.parse.quote(hidden, safe="")),
            ("JSON", json.dumps(hidden)[1:-1]),
            ("codes", "".join(str(ord(one)) for one in hidden)),
            ("XML", hidden.replace("§", "&#167;")),
            ("quoted-printable", hidden.replace("§", "=C2=A7")),
        ]:
            if text != hidden:
                self._windows(name, writing, text.encode(), 12)
        self._windows(name, "hex", data.hex().encode(), 2 * PART)
        self._octal(name, data)
        self._base64(name, data)
        for text in {whole, whole.upper(), whole.lower(), whole[::-1]}:
            for method in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
                digest = hashlib.new(method, text.encode()).digest()
                self._part(name, method, digest[:8])
                self._windows(name, method, digest.hex().encode(), 16)
                self._base64(name, digest, 12)

    def _data(self, name, data):
        self._windows(name, "bytes", data, PART, exact=True)
        self._windows(name, "reversed bytes", data[::-1], PART, exact=True)
        self._windows(name, "hex", data.hex().encode(), 2 * PART)
        self._octal(name, data)
        self._base64(name, data)

    def _octal(self, name, data):
        written = "".join(chr(one) if 32 <= one < 127 else f"\\{one:03o}" for one in data)
        if "\\" in written:
            self._windows(name, "octal", written.encode(), 12)

    def _base64(self, name, data, length=8):
        for shift in range(3):
            written = base64.b64encode(b"\0" * shift + data)
            # the first and last signs hold bits of what stands around
            inner = written[4 if shift else 0 : -4]
            self._windows(name, "base64", inner, length, exact=True)
            self._windows(name, "base64", inner.replace(b"+", b"-").replace(b"/", b"_"), length, exact=True)

    def _number(self, name, value):
        if isinstance(value, decimal.Decimal):
            plain = f"{value:f}"
            whole, hundredths = plain.split(".")
            self._windows(name, "text", plain.encode(), DIGITS)
            # digits of numeric are in base 10000, two bytes each
            whole = whole.zfill(-(-len(whole) // 4) * 4)
            digits = [int(whole[at : at + 4]) for at in range(0, len(whole), 4)] + [int(hundredths) * 100]
            self._windows(name, "binary", b"".join(struct.pack("!H", one) for one in digits), 8, exact=True)
        elif isinstance(value, float):
            plain = f"{value:.0f}"
            self._part(name, "binary", struct.pack("!d", value), exact=True)
        else:
            plain = str(value)
            self._part(name, "binary", struct.pack("!q", value), exact=True)
            self._part(name, "binary", struct.pack("<q", value), exact=True)
            self._part(name, "hex", f"{value:x}".encode())
        digits = plain.replace(".", "")
        self._windows(name, "digits", digits.encode(), DIGITS)
        self._windows(name, "reversed", digits[::-1].encode(), DIGITS)
        grouped = f"{int(digits):,}"
        self._windows(name, "grouped", grouped.encode(), DIGITS + 2)

    def _day(self, name, day):
        for form in ("%Y-%m", "%Y/%m", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%m/%d/%Y", "%Y%m%d", "%b %Y", "%B %Y"):
            self._part(name, form, day.strftime(form).encode())
        days = (day - EPOCH.date()).days
        self._part(name, "binary", struct.pack("!ii", 4, days), exact=True)
        self._part(name, "epoch", str((days + 10957) * 86400).encode())

    def _moment(self, name, moment):
        self._day(name, moment.date())
        micros = int((moment - EPOCH) / datetime.timedelta(microseconds=1))
        self._part(name, "text", moment.strftime("%H:%M:%S.%f").encode())
        self._part(name, "binary", struct.pack("!q", micros), exact=True)
        self._part(name, "epoch", str(micros + 946684800 * 10**6)[:11].encode())

    def _address(self, name, address):
        self._windows(name, "text", address.encode(), 11)
        data = b"".join(int(part, 16).to_bytes(2, "big") for part in address.split(":"))
        self._windows(name, "binary", data[2:], PART, exact=True)

    def _windows(self, name, writing, data, length, exact=False):
        for at in range(len(data) - length + 1):
            self._part(name, writing, data[at : at + length], exact)

    def _part(self, name, writing, part, exact=False):
        part = part if exact else part.lower()
        parts, starts = (self.exact, self.exact_starts) if exact else (self.folded, self.folded_starts)
        parts.setdefault(len(part), {}).setdefault(part, (name, writing))
        starts.setdefault(part[:START], set()).add(len(part))

    def within(self, data):
        """Of each value that stands there its name, how it is written, and where."""
        found = {}
        for parts, starts, text in [
            (self.exact, self.exact_starts, data),
            (self.folded, self.folded_starts, data.lower()),
        ]:
            for at in range(len(text)):
                for length in starts.get(text[at : at + START], ()):
                    hit = parts[length].get(text[at : at + length])
                    if hit:
                        found.setdefault(hit, at)
        return sorted((name, writing, at) for (name, writing), at in found.items())


# the ends that `partial` keeps, drawn as `Canaries` draws them
_kept = random.Random(0)
KEPT = frozenset(drawn(_kept, 4) for _ in range(24))
