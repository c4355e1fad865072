"""Mask text, and say what was masked."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, TypeVar

import regex
from ahocorasick_rs import BytesAhoCorasick

from logdoctor.choices import Hide
from logdoctor.model import Diagnosis, Evidence
from logdoctor.redact.names import Names
from logdoctor.redact.patterns import Secret, secrets
from logdoctor.sources import Source, SourceError

TIMEOUT = 1.0
"""Seconds that one pattern may take on one line; a line that takes longer is masked as a whole."""
CHUNK = 1 << 20
"""Bytes after which a line without end is cut."""
WRAPPED = 30
"""Columns that a line has at least where a terminal wrapped it."""
ROWS = 16
"""Rows that a wrapped secret may take."""
LOOK_BACK = 64
"""Lines in which a place is looked for to cut a stream."""
BEFORE = 40
"""Characters of a secret that may stand before its literal."""
KEY_LINES = 128
"""Lines that a private key may have."""

_KEY = regex.compile(r"-----BEGIN[A-Z0-9 ]{0,32} (?:PRIVATE KEY|MESSAGE)(?: BLOCK)?-----")
_KEY_END = regex.compile(r"-----END[A-Z0-9 ]{0,48}-----")
_KEY_TEXT = regex.compile(r"[A-Za-z0-9+/=]{16,}|(?<=\\n|^|\s)[A-Za-z0-9+/]{1,15}={1,2}(?=$|\\n|\s|-----)")
_WORD = regex.compile(r"(?:[A-Z]+|[A-Za-z]?[a-z]+(?:[A-Z][a-z]+)*)[.:]?|.{1,4}")
"""What looks like the first word of another line, rather than like a piece of a secret."""
_LINE = regex.compile(
    r"\d{4}-\d\d-\d\d.*|\d{1,4}|\d+[:.,][\d:.,]+|(?:Killed|Terminated|Aborted|Hangup|[Dd]one|exit|logout|[Ee]rror|DONE|FAILED)\.?"
)
"""What stands alone on a line, and is no piece of a secret."""
_SAME = frozenset(
    (
        "id",
        "rule",
        "component",
        "severity",
        "layer",
        "role",
        "verdict",
        "kind",
        "finding",
        "caused_by",
        "explains",
        "references",
        "launcher",
    )
)
"""Fields of a diagnosis that hold words of logdoctor's own."""
T = TypeVar("T")


class Redactor:
    """Masks whatever goes through it, the same thing always in the same way."""

    def __init__(self, hide: Collection[Hide] = ()) -> None:
        self.names = Names(hide)
        self.counts: Counter[str] = Counter()
        """How often each kind was masked."""
        self._secrets = secrets()
        literals: dict[str, list[int]] = {}
        for index, secret in enumerate(self._secrets):
            for literal in secret.literals:
                literals.setdefault(literal, []).append(index)
        self._calls = list(literals.values())
        self._automaton = BytesAhoCorasick([literal.encode() for literal in literals])
        self._everywhere = [number for number, secret in enumerate(self._secrets) if not secret.literals]
        self._numbers: dict[tuple[str, bytes], int] = {}
        """By kind and digest of a secret: its number. The secrets themselves are not kept."""
        self._kinds: Counter[str] = Counter()

    @property
    def pseudonyms(self) -> Mapping[str, str]:
        """What was replaced by a pseudonym; never a secret."""
        return self.names.given

    def learn(self, diagnosis: Diagnosis) -> None:
        """The names of hosts in a diagnosis, to be replaced wherever they stand, if that was chosen."""
        said = [lane.stream.host for lane in diagnosis.timeline.lanes]
        said += [evidence.stream.host for finding in diagnosis.findings for evidence in finding.evidence]
        self.names.learn(hosts=[*diagnosis.cluster.hosts, *said])

    # -- what can be masked

    def text(self, text: str) -> str:
        """The text, masked; as many lines as before."""
        return self._masked(text.split("\n"), _Key())

    def blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """A stream of bytes, masked; as many lines as before."""
        key, rest = _Key(), b""
        for block in blocks:
            rest += block
            end = _cut(rest)
            if end < 0 and len(rest) > CHUNK:
                end = max(rest.rfind(sign, 0, len(rest) - 1) for sign in (b"\n", b" ", b","))
                end = end if end > 0 else len(rest) // 2
            if end > 0:
                yield self._bytes(rest[: end + 1], key)
                rest = rest[end + 1 :]
        if rest:
            yield self._bytes(rest, key)

    def whole(self, data: bytes) -> bytes:
        """Bytes, masked."""
        return self._bytes(data, _Key())

    def sources(self, sources: Iterable[Source | SourceError]) -> Iterator[Source | SourceError]:
        """The sources, each with its name and its content masked."""
        for source in sources:
            yield source if isinstance(source, SourceError) else self.source(source)

    def source(self, source: Source) -> Source:
        """A source whose name and content are masked."""
        return Source(self.text(source.name), lambda: self.blocks(source.open()))

    def diagnosis(self, diagnosis: Diagnosis) -> Diagnosis:
        """A diagnosis in which every text that came from a log is masked."""
        return self._walk(diagnosis)._replace(masked=dict(sorted(self.counts.items())))

    def _walk(self, value: T) -> T:
        if isinstance(value, str):
            return self.text(value)  # type: ignore[return-value]
        if isinstance(value, Evidence) and value.context:
            lines = self.text("\n".join(quote.text for quote in value.context)).split("\n")
            context = tuple(quote._replace(text=line) for quote, line in zip(value.context, lines, strict=True))
            return self._walk(value._replace(context=()))._replace(context=context)
        if isinstance(value, tuple):
            if not hasattr(value, "_fields"):
                return tuple(map(self._walk, value))  # type: ignore[return-value]
            changed = {name: self._walk(getattr(value, name)) for name in value._fields if name not in _SAME}
            return value._replace(**changed)  # type: ignore[attr-defined, no-any-return]
        if isinstance(value, Mapping):
            return {self._walk(name): self._walk(held) for name, held in value.items()}  # type: ignore[return-value]
        return value

    # -- how

    def _bytes(self, data: bytes, key: _Key) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        return self._masked(text.split("\n"), key).encode("utf-8", "surrogateescape")

    def _masked(self, lines: list[str], key: _Key) -> str:
        self._mask_keys(lines, key)
        for index, candidates in sorted(self._interesting(lines).items()):
            self._mask_line(lines, index, candidates)
        return self.names.replaced("\n".join(lines), self.counts)

    def _interesting(self, lines: list[str]) -> dict[int, set[int]]:
        """The lines in which a secret may begin, each with the patterns to try. They are looked for as if there were
        no newlines: a terminal may have wrapped a line anywhere."""
        data = [line.encode("utf-8", "surrogatepass") for line in lines]
        starts = list(accumulate((len(line) for line in data), initial=0))
        found: dict[int, set[int]] = defaultdict(set)
        for literal, at, _ in self._automaton.find_matches_as_indexes(b"".join(data).lower(), overlapping=True):
            for index in {bisect_right(starts, at) - 1, bisect_right(starts, max(0, at - BEFORE)) - 1}:
                found[index].update(self._calls[literal])
        for glue in (b"", b"\n"):  # a character a byte, so that offsets stay
            text = glue.join(data).decode("latin-1")
            begins = [start + number * len(glue) for number, start in enumerate(starts)]
            for number in self._everywhere:
                for match in self._secrets[number].pattern.finditer(text):
                    found[bisect_right(begins, match.start()) - 1].add(number)
        return found

    def _mask_line(self, lines: list[str], index: int, candidates: set[int]) -> None:
        line = lines[index].rstrip("\r")
        spans: list[tuple[int, int, str]] = []
        for candidate in sorted(candidates):
            secret = self._secrets[candidate]
            try:
                found = [_span(match) for match in secret.pattern.finditer(line, timeout=TIMEOUT)]
                if secret.follow and len(line) >= WRAPPED and (below := _rows(lines, index, secret.follow)):
                    found = self._wrapped(secret, line, below, found)
            except TimeoutError:
                lines[index] = "<a line that took too long to check>"
                self.counts["line that took too long to check"] += 1
                return
            spans += [(start, end, secret.kind) for start, end in found if start < end]
        parts, at = [], 0
        for start, end, kind in _united(spans):
            rows = [row for row, _ in _rows(lines, index, "[^\r]")] if end > len(line) else []
            placeholder = self._placeholder(kind, (line[start:] + "".join(rows))[: end - start])
            parts += [line[at:start], placeholder]
            at = min(end, len(line))
            rest = end - len(line)
            for number, row in enumerate(rows, index + 1):
                if rest > 0:
                    lines[number] = placeholder + lines[number][min(rest, len(row)) :]
                    rest -= len(row)
        lines[index] = "".join(parts) + lines[index][at:]

    def _wrapped(
        self, secret: Secret, line: str, rows: list[tuple[str, str]], found: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """What matches, where a terminal may have wrapped the line: also what goes on in the rows below it."""
        spans = dict(found)
        text = line
        for row, after in rows:
            before, text = len(text), text + row
            for match in secret.pattern.finditer(text, timeout=TIMEOUT):
                start, end = _span(match)
                if start >= len(line) or end <= before:
                    continue
                if start not in spans or (spans[start] == before and _goes_on(row[: end - before], after)):
                    spans[start] = end
        return sorted(spans.items())

    def _mask_keys(self, lines: list[str], key: _Key) -> None:
        """Mask the lines of private keys, from their first line to their last."""
        if not key.lines and not any("-----BEGIN" in line for line in lines):
            return
        for index, line in enumerate(lines):
            if key.lines == 0:
                if not _KEY.search(line):
                    continue
                key.lines = KEY_LINES
                self.counts["private-key"] += 1
            lines[index] = _KEY_TEXT.sub("<private-key>", line)
            key.lines = 0 if _KEY_END.search(line) else key.lines - 1

    def _placeholder(self, kind: str, secret: str) -> str:
        if kind == "user":
            return self.names.user(secret, self.counts)
        self.counts[kind] += 1
        if kind == "request-text":
            return f"<request-text of {len(secret)} characters>"
        if kind == "email":
            return self.names.email(secret)
        digest = hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        number = self._numbers.get((kind, digest))
        if number is None:
            self._kinds[kind] += 1
            number = self._numbers[kind, digest] = self._kinds[kind]
        return f"<{kind}-{number}>"


def _cut(data: bytes) -> int:
    """The last newline at which nothing goes on behind it: its line is short, or shorter than the next, so no terminal
    wrapped it; -1 where there is none."""
    end = data.rfind(b"\n")
    for _ in range(LOOK_BACK):
        cut = data.rfind(b"\n", 0, max(0, end))
        if cut < 0:
            break
        length = cut - data.rfind(b"\n", 0, cut) - 1
        if length < WRAPPED or end - cut - 1 > length:
            return cut
        end = cut
    return -1


def _span(match: Any) -> tuple[int, int]:
    """Where the secret stands in what a pattern matched."""
    group = "secret" if "secret" in match.re.groupindex and match["secret"] is not None else 0
    start, end = match.span(group)
    return start, end


def _united(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spans in their order; those that overlap as one, of the kind that was tried first."""
    united: list[tuple[int, int, str]] = []
    tried = -1
    for start, number, end, kind in sorted(
        (start, number, end, kind) for number, (start, end, kind) in enumerate(spans)
    ):
        if united and start < united[-1][1]:
            first, last, known = united[-1]
            kind, tried = (kind, number) if number < tried else (known, tried)
            united[-1] = (first, max(last, end), kind)
        else:
            united.append((start, end, kind))
            tried = number
    return united


def _rows(lines: list[str], index: int, follow: str) -> list[tuple[str, str]]:
    """What may go on with a line in the rows below it, if a terminal wrapped it, each with the rest of its row: none is
    longer than the line, and all but the last are as long."""
    rows: list[tuple[str, str]] = []
    width = len(lines[index].rstrip("\r"))
    for row in lines[index + 1 : index + 1 + ROWS]:
        row = row.rstrip("\r")
        run = regex.match(rf"(?:{follow})*", row)
        if not run or not run.end() or len(row) > width:
            break
        rows.append((run[0], row[run.end() :]))
        if run.end() < width:
            break
    return rows


def _goes_on(piece: str, rest: str) -> bool:
    """Whether a piece at the start of a row goes on with a secret that is whole without it."""
    return not (_WORD if rest else _LINE).fullmatch(piece)


class _Key:
    """Whether a private key is being read: how many more lines it may have."""

    lines = 0
