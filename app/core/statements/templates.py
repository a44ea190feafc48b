"""Variables of templates, filled in: `{{ x }}` of Jinja, `${x}` of Hive and of others.

Jinja fills a whole file in before anybody splits it into statements, so its values may
hold anything. Hive fills `${…}` in statement by statement, in strings and comments too.
What has no value is a Problem with its place; nothing is guessed.
"""

from collections.abc import Callable, Mapping

from app.core.frozen import frozen
from app.core.statements.places import Filled, Rendering

#: Of `${prefix:x}`: what only the server knows.
_SERVERS_OWN = ("env", "system", "metaconf")
_OPENINGS = ("{{", "{%", "{#")


@frozen
class Problem:
    """A template that cannot be filled in, by offsets in the rendered text.

    `everywhere`: it counts in comments as well, because what it makes of the text is unknown.
    """

    start: int
    end: int
    reason: str
    everywhere: bool = False


class _Output:
    """The rendered text as it grows."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] = []
        self._length = 0
        self.done = 0  # so much of the source is written
        self.filled: list[Filled] = []
        self.problems: list[Problem] = []

    def keep_until(self, offset: int) -> None:
        self._add(self._text[self.done : offset])
        self.done = offset

    def fill(self, until: int, value: str) -> None:
        start, source_start = self._length, self.done
        self._add(value)
        self.done = until
        self.filled.append(Filled(start, self._length, source_start, until))

    def refuse(self, until: int, reason: str, *, everywhere: bool = False) -> None:
        start = self._length
        self.keep_until(until)
        self.problems.append(Problem(start, self._length, reason, everywhere))

    def finish(self, base: int) -> tuple[Rendering, list[Problem]]:
        self.keep_until(len(self._text))
        return Rendering("".join(self._parts), self.filled, base), self.problems

    def _add(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)


def render_braces(text: str, variables: Mapping[str, str]) -> tuple[Rendering, list[Problem]]:
    """Fill in `{{ x }}`; a block `{% … %}` or a Jinja comment is a problem."""
    if "{" not in text:
        return Rendering(text, []), []
    output = _Output(text)
    at = text.find("{")
    while at >= 0:
        opening = text[at : at + 2]
        if opening in _OPENINGS:
            output.keep_until(at)
            _brace(text, at, opening, variables, output)
            at = text.find("{", output.done)
        else:
            at = text.find("{", at + 1)
    return output.finish(0)


def _brace(text: str, at: int, opening: str, variables: Mapping[str, str], output: _Output) -> None:
    if opening != "{{":
        what = "a block" if opening == "{%" else "a comment"
        output.refuse(
            at + 2,
            f"{what} of a Jinja template: what it makes of the statements is unknown here; "
            "check the rendered SQL",
            everywhere=True,
        )
        return
    end = text.find("}}", at)
    line_end = text.find("\n", at)
    if end < 0 or 0 <= line_end < end:
        output.refuse(at + 2, "a template's variable that does not end on its line")
        return
    name = text[at + 2 : end].strip()
    value = variables.get(name)
    if not name.isidentifier():
        output.refuse(end + 2, "an expression of a template, not a plain {{ variable }}")
    elif value is None:
        output.refuse(end + 2, _no_value(name))
    elif any(mark in value for mark in _OPENINGS):
        output.refuse(end + 2, f"the value of {name} holds a template itself", everywhere=True)
    else:
        output.fill(end + 2, value)


def render_dollars(
    text: str, base: int, value_of: Callable[[str], str | None]
) -> tuple[Rendering, list[Problem]]:
    """Fill in `${x}` in one statement that begins at `base`; `value_of` knows prefixes."""
    output = _Output(text)
    at = text.find("${")
    while at >= 0:
        end = text.find("}", at)
        name = text[at + 2 : end] if end >= 0 else ""
        if not name or any(letter in " $\t\r\n" for letter in name):
            at = text.find("${", at + 2)  # Hive leaves it as it is
            continue
        output.keep_until(at)
        _dollar(name, end + 1, value_of(name), output)
        at = text.find("${", output.done)
    return output.finish(base)


def _dollar(name: str, end: int, value: str | None, output: _Output) -> None:
    prefix, _, bare = name.rpartition(":")
    if prefix in _SERVERS_OWN:
        output.refuse(end, f"the variable {name} is known to the server only")
    elif value is None:
        output.refuse(end, _no_value(bare))
    elif "${" in value:
        output.refuse(end, f"the value of {name} holds a variable itself")
    else:
        output.fill(end, value)


def _no_value(name: str) -> str:
    return f"the variable {name} has no value: give --var {name}=…"
