"""Reading one statement word by word: what every dialect's grammar is written with."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn, TypeVar

from app.core.frozen import frozen
from app.core.names import show
from app.core.statements.tokens import Word
from app.core.statements.types import ObjectRef, Span

_END = Word("", "<end>", 0, 0)
_Kind = TypeVar("_Kind")


class MisreadError(Exception):
    """The statement is not understood at the word text[start:end]. Never leaves this room."""

    def __init__(self, reason: str, start: int, end: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start
        self.end = end


def word_set(words: str) -> frozenset[str]:
    """The words of a text, parted by blanks."""
    return frozenset(words.split())


@frozen
class Naming:
    """How a dialect writes names."""

    reserved: frozenset[str]
    is_plain: Callable[[str], bool]  # may an unquoted word be a name at all?
    quoted_by: str  # the sign around a quoted name
    table_parts: int = 3  # of the name of a table: 3 with a catalog
    dots_in_names: bool = True


class Cursor:
    """A place in the words of one statement. What does not fit raises MisreadError."""

    def __init__(
        self,
        words: list[Word],
        text: str,
        span: Callable[[int, int], Span],
        fields: Mapping[str, Any],
        naming: Naming,
    ) -> None:
        self._words = words
        self._text = text
        self._span = span
        self._fields = fields
        self.naming = naming
        self.at = 0

    @property
    def dialect(self) -> str:
        """The dialect that the statement is written in."""
        return str(self._fields["dialect"])

    def make(self, kind: Callable[..., _Kind], **fields: Any) -> _Kind:
        """The statement that was read, with its file, number, place and text."""
        return kind(**self._fields, **fields)

    # -- looking

    def peek(self, ahead: int = 0) -> Word:
        """The word here, or so many further on; at the end a word with the key `<end>`."""
        place = self.at + ahead
        return self._words[place] if place < len(self._words) else _END

    def sees(self, *keys: str) -> bool:
        """Whether these words come next."""
        return all(self.peek(ahead).key == key for ahead, key in enumerate(keys))

    def sees_one_of(self, keys: Collection[str]) -> bool:
        """Whether the next word is one of them."""
        return self.peek().key in keys

    @property
    def ended(self) -> bool:
        """Whether no word is left."""
        return self.at >= len(self._words)

    # -- taking

    def take(self) -> Word:
        """The next word, whatever it is. Raises MisreadError at the end."""
        if self.ended:
            self.refuse("the statement ends too early")
        self.at += 1
        return self._words[self.at - 1]

    def accept(self, *keys: str) -> bool:
        """Take these words if they come next."""
        if not self.sees(*keys):
            return False
        self.at += len(keys)
        return True

    def expect(self, *keys: str) -> Word:
        """Take these words. Raises MisreadError if others come; returns the last."""
        for key in keys:
            if self.peek().key != key:
                self.refuse(f"expected {key}")
            self.at += 1
        return self._words[self.at - 1]

    def end(self) -> None:
        """Nothing may be left."""
        if not self.ended:
            self.refuse("not understood here")

    def name(self, what: str) -> Word:
        """A name, quoted or not, as it is written. Raises MisreadError."""
        word = self.peek()
        if word.is_quoted and self._quoted_right(word):
            if not word.text:
                self.refuse_at(f"{what} is empty", word)
            return self.take()
        if not word.key or word.key == "<end>" or not self.naming.is_plain(word.text):
            self.refuse(f"expected {what}")
        if word.key in self.naming.reserved:
            self.refuse(f"expected {what}; {word.key} is a reserved word, to be quoted")
        return self.take()

    def string(self, what: str) -> Word:
        """A string. Raises MisreadError. Strings without a blank between are one."""
        if not self.peek().is_string:
            self.refuse(f"expected {what} as a string")
        first = last = self.take()
        text = first.text
        while self.peek().is_string and self.peek().start == last.end:
            last = self.take()
            text += last.text
        return Word(text, "", first.start, last.end, is_string=True)

    def listed(self, read: Callable[[], _Kind]) -> list[_Kind]:
        """One or more with commas between."""
        found = [read()]
        while self.accept(","):
            found.append(read())
        return found

    def in_brackets(self, read: Callable[[], _Kind]) -> list[_Kind]:
        """One or more with commas between, in brackets."""
        self.expect("(")
        found = self.listed(read)
        self.expect(")")
        return found

    def skip_brackets(self, opening: str = "(", closing: str = ")") -> None:
        """Pass over a bracket and all that is in it, however deep."""
        first = self.expect(opening)
        depth = 1
        while depth:
            if self.ended:
                self.refuse_at("this bracket is never closed", first)
            key = self.take().key
            depth += (key == opening) - (key == closing)

    # -- places

    def span_of(self, first: Word, last: Word | None = None) -> Span:
        """The place of one word, or of all from one to another."""
        return self._span(first.start, (last or first).end)

    def last(self) -> Word:
        """The word taken last."""
        return self._words[self.at - 1]

    def rest(self) -> tuple[str, Span]:
        """All that is left, as text, and its place. Raises MisreadError at the end."""
        if self.ended:
            self.refuse("the statement ends too early")
        return self.slice(self.at, len(self._words))

    def slice(self, first: int, until: int) -> tuple[str, Span]:
        """The text of some words by their numbers, and its place."""
        start, end = self._words[first].start, self._words[until - 1].end
        return self._text[start:end], self._span(start, end)

    def words(self, first: int, until: int) -> list[Word]:
        """Some words by their numbers."""
        return self._words[first:until]

    def count(self) -> int:
        """How many words the statement has."""
        return len(self._words)

    def object_of(self, parts: list[Word], kind: str, fold: Callable[[str], str]) -> ObjectRef:
        """The object that a dotted name of at most three parts means."""
        names = [fold(part.text) for part in parts]
        names = [""] * (3 - len(names)) + names
        return ObjectRef(names[0], names[1], names[2], kind, self.span_of(parts[0], parts[-1]))

    # -- refusing

    def refuse(self, reason: str) -> NoReturn:
        """Say that the next word is not understood."""
        word = self.peek()
        if word is _END:
            word = self._words[-1]
            raise MisreadError(f"{reason} at the end", word.start, word.end)
        shown = _shown(word, self._text[word.start : word.end])
        raise MisreadError(f"{reason}, not {shown}", word.start, word.end)

    def refuse_at(self, reason: str, first: Word, last: Word | None = None) -> NoReturn:
        """Say that these words are not understood or cannot be judged."""
        raise MisreadError(reason, first.start, (last or first).end)

    def _quoted_right(self, word: Word) -> bool:
        return self._text[word.start : word.start + 1] == self.naming.quoted_by


def _shown(word: Word, written: str) -> str:
    """A word as it is written, fit for a message; a string's value in Python's quotes."""
    if word.is_string:
        return repr(_short(word.text))
    return show(_short(written))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
