"""`classes.yaml`: the data classes, their tiers and contracts, the rules that assign them."""

from app.core.classes import (
    TIERS,
    UNCLASSIFIED,
    Classification,
    ClassRule,
    DataClass,
    NamePattern,
)
from app.policy.marked_yaml import Mapping, Node, Word, as_mapping, as_word, as_words, read_yaml
from app.policy.patterns import read_pattern
from app.policy.places import Place, nearest, quoted

_NAME_FIELDS = (
    "catalogs",
    "databases",
    "tables",
    "columns",
    "owners",
    "locations",
    "tags",
    "except_databases",
    "except_tables",
)
_DECIDING = (*_NAME_FIELDS[:-2], "properties")
_FILE_KEYS = ("tag_properties", "classes")
_CLASS_KEYS = ("tier", "description", "contract", "rules")
_CONTRACT_KEYS = ("max_people", "notify")


def read_classes(text: str, file: str) -> Classification:
    """Read and check classes.yaml. Raises PolicyError."""
    document = as_mapping(read_yaml(text, file), "classes.yaml")
    document.only("classes.yaml", _FILE_KEYS)
    listed = as_mapping(document.need("classes", "classes.yaml"), "`classes`")
    if not listed.entries:
        raise listed.place.error("there are no classes", "Name at least one, with its tier")
    classes, rules = [], []
    for name, place, node in listed.items():
        about = as_mapping(node, f"the class {quoted(name)}")
        classes.append(_data_class(name, place, about))
        rules.extend(_rules(name, place.file, about))
    _refuse_repeated(rules)
    tags = document.get("tag_properties")
    if tags is None:
        return Classification(tuple(classes), tuple(rules))
    keys = tuple(word.words("a tag property") for word in as_words(tags, "tag_properties"))
    return Classification(tuple(classes), tuple(rules), keys)


def _data_class(name: str, place: Place, about: Mapping) -> DataClass:
    if not name.strip() or name != name.strip() or not name.isprintable() or "," in name:
        raise place.error(
            f"{quoted(name)} is no name of a class", "Write a short name such as `payroll`"
        )
    if name == UNCLASSIFIED:
        raise place.error(
            f"`{UNCLASSIFIED}` is what no rule matches", "Give the class another name"
        )
    what = f"the class {quoted(name)}"
    about.only(what, _CLASS_KEYS)
    tier = as_word(about.need("tier", what), "the tier")
    if tier.text not in TIERS:
        raise tier.place.error(
            f"{quoted(tier.text)} is no tier",
            f"{nearest(tier.text, TIERS)}Tiers: {', '.join(TIERS)}",
        )
    description = about.get("description")
    max_people, notify = _contract(about.get("contract"))
    return DataClass(
        name=name,
        tier=tier.text,
        description="" if description is None else as_word(description, "description").text.strip(),
        max_people=max_people,
        notify=notify,
        file=place.file,
        line=place.line,
    )


def _contract(node: Node | None) -> tuple[int | None, tuple[str, ...]]:
    if node is None:
        return None, ()
    contract = as_mapping(node, "the contract")
    contract.only("a contract", _CONTRACT_KEYS)
    most, told = contract.get("max_people"), contract.get("notify")
    return (
        None if most is None else as_word(most, "max_people").whole_number("max_people", 0),
        () if told is None else tuple(w.words("notify") for w in as_words(told, "notify")),
    )


def _rules(data_class: str, file: str, about: Mapping) -> list[ClassRule]:
    node = about.get("rules")
    if node is None:
        return []
    listed = as_mapping(node, f"the rules of {quoted(data_class)}")
    return [_rule(data_class, name, place, given) for name, place, given in listed.items()]


def _rule(data_class: str, name: str, place: Place, node: Node) -> ClassRule:
    what = f"the rule {quoted(name)}"
    if not name.strip() or not name.isprintable():
        raise place.error(f"{quoted(name)} is no name of a rule", "Write a short, stable name")
    given = as_mapping(node, what)
    given.only(what, (*_NAME_FIELDS, "properties"))
    if not any(key in given for key in _DECIDING):
        raise place.error(f"{what} asks about nothing", f"Give it one of: {', '.join(_DECIDING)}")
    patterns = {key: _patterns(given.get(key), key) for key in _NAME_FIELDS}
    return ClassRule(
        rule=name,
        data_class=data_class,
        file=place.file,
        line=place.line,
        properties=_properties(given.get("properties")),
        **patterns,
    )


def _patterns(node: Node | None, key: str) -> tuple[NamePattern, ...]:
    if node is None:
        return ()
    found = tuple(read_pattern(word, f"a pattern of {key}") for word in as_words(node, key))
    if not found:
        raise node.place.error(f"{key} is empty", "List at least one pattern, or drop the key")
    return found


def _properties(node: Node | None) -> tuple[tuple[NamePattern, NamePattern], ...]:
    if node is None:
        return ()
    found: list[tuple[NamePattern, NamePattern]] = []
    for key, (place, value) in as_mapping(node, "properties").entries.items():
        from_key = read_pattern(Word(place, key, True), "a property's key")
        words = as_words(value, "a property's values")
        if not words:
            raise place.error(
                f"the property {quoted(key)} has no value", "Give a pattern; `*` is any value"
            )
        found.extend((from_key, read_pattern(word, "a property's value")) for word in words)
    if not found:
        raise node.place.error("properties is empty", "Write `key pattern: value pattern`")
    return tuple(found)


def _refuse_repeated(rules: list[ClassRule]) -> None:
    first: dict[str, ClassRule] = {}
    for rule in rules:
        known = first.setdefault(rule.rule, rule)
        if known is not rule:
            raise Place(rule.file, rule.line).error(
                f"the rule {quoted(rule.rule)} stands here a second time",
                f"It belongs to {known.data_class} on line {known.line}: give each its own name",
            )
