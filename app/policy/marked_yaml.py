"""YAML with the line of every value, read strictly.

Built from the parser's events and not with `yaml.load`: that forgets lines, takes the
last of two equal keys, and its C composer ends the process on deep nesting. Anchors,
aliases, tags and several documents are refused: a policies file needs none of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import yaml

from app.core.frozen import frozen
from app.policy.places import Place, nearest, quoted

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 12


@frozen
class Word:
    """A scalar, as written."""

    place: Place
    text: str
    plain: bool  # not in quotes

    @property
    def empty(self) -> bool:
        """Nothing was written, or YAML's null."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")

    def words(self, what: str) -> str:
        """The text; refuses an empty one."""
        if self.empty or not self.text.strip():
            raise self.place.error(f"{what} is empty", f"Give {what} or leave the key out")
        return self.text.strip()

    def whole_number(self, what: str, least: int) -> int:
        """The text as a whole number of at least `least`."""
        text = self.text.strip().replace("_", "")
        if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) < least:
            raise self.place.error(
                f"{what} is {quoted(self.text)}", f"Write a whole number from {least} on"
            )
        return int(text)

    def iso_date(self, what: str) -> str:
        """The text as an ISO date."""
        try:
            return date.fromisoformat(self.text.strip()).isoformat()
        except ValueError as refused:
            raise self.place.error(
                f"{what} is {quoted(self.text)}", "Write a date as 2026-12-31"
            ) from refused


@frozen
class Listing:
    """A sequence."""

    place: Place
    items: tuple["Node", ...]


@frozen
class Mapping:
    """A mapping whose keys are words, each with its own place."""

    place: Place
    entries: dict[str, tuple[Place, "Node"]]

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def get(self, key: str) -> "Node | None":
        """The value of a key, None where it is not given."""
        found = self.entries.get(key)
        return found[1] if found else None

    def items(self) -> Iterator[tuple[str, Place, "Node"]]:
        """Key, its place, its value."""
        for key, (place, node) in self.entries.items():
            yield key, place, node

    def only(self, what: str, known: tuple[str, ...]) -> None:
        """Refuse keys that mean nothing here."""
        for key, place, _ in self.items():
            if key not in known:
                raise place.error(
                    f"{what} has no key {quoted(key)}",
                    f"{nearest(key, known)}Keys: {', '.join(known)}",
                )

    def need(self, key: str, what: str) -> "Node":
        """The value of a key that must be given."""
        node = self.get(key)
        if node is None:
            raise self.place.error(f"{what} has no {key}", f"Add `{key}:` to it")
        return node


Node = Word | Listing | Mapping


def read_yaml(text: str, file: str) -> Node:
    """The one document of a file. Raises PolicyError naming the line."""
    whole = Place(file)
    try:
        return _Reading(text, file).document()
    except yaml.YAMLError as refused:
        mark = getattr(refused, "problem_mark", None)
        problem = getattr(refused, "problem", None) or "it holds a character YAML does not allow"
        place = Place(file, mark.line + 1) if mark else whole
        raise place.error(f"this is not YAML: {problem}", "Mend the syntax") from refused


def as_mapping(node: Node, what: str) -> Mapping:
    """The node as a mapping."""
    if isinstance(node, Mapping):
        return node
    if isinstance(node, Word) and node.empty:
        return Mapping(node.place, {})
    raise node.place.error(f"{what} must be a mapping", "Write `key: value` lines below it")


def as_word(node: Node, what: str) -> Word:
    """The node as one word."""
    if isinstance(node, Word):
        return node
    raise node.place.error(f"{what} must be one value", "Write a single word or text")


def as_words(node: Node, what: str) -> tuple[Word, ...]:
    """The node as words: one, or a list of them."""
    if isinstance(node, Word):
        return () if node.empty else (node,)
    if isinstance(node, Listing):
        return tuple(as_word(item, f"an entry of {what}") for item in node.items)
    raise node.place.error(f"{what} must be a list", "Write `[one, two]` or `- one` lines")


class _Reading:
    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.events = iter(yaml.parse(text, Loader=_LOADER))

    def document(self) -> Node:
        next(self.events)  # the stream's start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return Word(Place(self.file), "", True)
        node = self._node(next(self.events), 0)
        next(self.events)  # the document's end
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._place(after).error(
                "a second document begins here", "Keep one document in the file: drop the `---`"
            )
        return node

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1)

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        if depth > DEEPEST:
            raise place.error(
                "this is nested too deep", "Nothing here goes deeper than a few levels"
            )
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise place.error("anchors and aliases are not read here", "Write the value out")
        if event.tag is not None:
            raise place.error(f"the tag {quoted(event.tag)} is not read here", "Drop it")
        if isinstance(event, yaml.ScalarEvent):
            return Word(place, event.value, not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return Listing(place, tuple(self._items(depth)))
        return self._mapping(place, depth)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, place: Place, depth: int) -> Mapping:
        entries: dict[str, tuple[Place, Node]] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Word):
                raise key.place.error("a key must be one word", "Write `key: value`")
            if key.text in entries:
                first = entries[key.text][0].line
                raise key.place.error(
                    f"the key {quoted(key.text)} stands here a second time",
                    f"It is on line {first} already: keep one of them",
                )
            value = self._node(next(self.events), depth + 1)
            if not isinstance(value, Word):  # what it lacks is said where its key stands
                value = replace(value, place=key.place)
            entries[key.text] = (key.place, value)
        return Mapping(place, entries)
