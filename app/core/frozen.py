"""Frozen types that cost little to declare: dataclasses whose methods are not compiled at once.

`dataclass(frozen=True)` writes and compiles six functions for each type, half a millisecond
even where nothing ever makes one; a cold check declares over a hundred types. Here each
function is compiled when it is first called. What comes out is a dataclass in every other
way: `fields`, `replace`, `asdict` and `match` take it for one.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from types import MemberDescriptorType
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

_Type = TypeVar("_Type")


@overload
def frozen(cls: type[_Type], /) -> type[_Type]: ...


@overload
def frozen(*, slots: bool = True) -> Callable[[type[_Type]], type[_Type]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, slots: bool = True) -> Any:
    """As `dataclass(frozen=True, slots=True)`; slots=False for types that keep what they find."""
    if cls is None:
        return lambda declared: _declare(declared, slots)
    return _declare(cls, slots)


def _declare(declared: type[_Type], slots: bool) -> type[_Type]:
    has_repr = "__repr__" in vars(declared)
    made: Any = dataclass(init=False, repr=False, eq=False, slots=slots)(declared)

    def init(self: Any, *given: Any, **named: Any) -> None:
        made.__init__ = compiled = _compiled_init(made)
        compiled(self, *given, **named)

    def equal(self: Any, other: object) -> Any:
        made.__eq__ = compiled = _compiled_equal(made)
        return compiled(self, other)

    def hashed(self: Any) -> int:
        made.__hash__ = compiled = _compiled_hash(made)
        found: int = compiled(self)
        return found

    made.__init__, made.__eq__, made.__hash__ = init, equal, hashed
    made.__setattr__, made.__delattr__ = _set, _delete
    if not has_repr:
        made.__repr__ = _repr
    if slots:
        made.__getstate__, made.__setstate__ = _state, _set_state
    found: type[_Type] = made
    return found


def _compiled(cls: Any, name: str, arguments: str, lines: list[str], known: dict[str, Any]) -> Any:
    text = f"def {name}({arguments}):\n " + "\n ".join(lines)
    exec(text, known)
    made = known[name]
    made.__qualname__ = f"{cls.__qualname__}.{name}"
    return made


def _compiled_init(cls: Any) -> Any:
    plain: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    for each in fields(cls):
        if each.init:
            (named if each.kw_only else plain).append(_argument(each, known))
        elif each.default_factory is MISSING:
            continue
        lines.append(_assigned(cls, each, known))
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    arguments = ", ".join(["self", *plain, *(["*", *named] if named else [])])
    return _compiled(cls, "__init__", arguments, lines or ["pass"], known)


def _assigned(cls: Any, each: "Field[Any]", known: dict[str, Any]) -> str:
    """How a field gets its value: by its slot, which need not be looked for by name."""
    slot = getattr(cls, each.name, None)
    if not isinstance(slot, MemberDescriptorType):
        return f"_set(self, {each.name!r}, {_value(each, known)})"
    known[f"_set_{each.name}"] = slot.__set__
    return f"_set_{each.name}(self, {_value(each, known)})"


def _argument(each: "Field[Any]", known: dict[str, Any]) -> str:
    if each.default_factory is not MISSING:
        return f"{each.name}=_missing"
    if each.default is MISSING:
        return each.name
    known[f"_default_{each.name}"] = each.default
    return f"{each.name}=_default_{each.name}"


def _value(each: "Field[Any]", known: dict[str, Any]) -> str:
    if each.default_factory is MISSING:
        return each.name
    known[f"_make_{each.name}"] = each.default_factory
    made = f"_make_{each.name}()"
    return f"{made} if {each.name} is _missing else {each.name}" if each.init else made


def _compiled_equal(cls: Any) -> Any:
    mine, others = (_all_of(cls, name) for name in ("self", "other"))
    lines = [
        "if other.__class__ is not self.__class__: return NotImplemented",
        f"return ({mine}) == ({others})",
    ]
    return _compiled(cls, "__eq__", "self, other", lines, {})


def _compiled_hash(cls: Any) -> Any:
    return _compiled(cls, "__hash__", "self", [f"return hash(({_all_of(cls, 'self')}))"], {})


def _all_of(cls: Any, whose: str) -> str:
    return "".join(f"{whose}.{each.name}, " for each in fields(cls) if each.compare)


def _repr(self: Any) -> str:
    said = ", ".join(
        f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr
    )
    return f"{type(self).__qualname__}({said})"


def _set(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
