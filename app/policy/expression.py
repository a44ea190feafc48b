"""The matcher as Casbin evaluates it: parsed by Casbin, checked, and split.

Casbin rewrites a matcher to a Python expression and walks it with simpleeval. The same
tree is used here: `&&`, `||` and `!` become And, Or and Not, everything below them is an
atom. An atom reads some fields of the request and some of the policy line.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from casbin.core_enforcer import CoreEnforcer
from casbin.model import FunctionMap
from casbin.util import SimpleEval, util

from app.core.frozen import frozen
from app.policy.model_conf import CasbinModel
from app.policy.places import Place, nearest, quoted
from app.policy.subjects import ATTRIBUTES, Subject

Functions = Mapping[str, Callable[..., Any]]


@frozen(slots=False)
class Atom:
    """A leaf of the matcher: it reads these request fields and these policy fields."""

    node: ast.expr
    key: str  # equal for equal trees
    text: str  # as the model's author writes it
    reads: frozenset[str]
    asks: tuple[str, ...]


@frozen(slots=False)
class And:
    """All of them."""

    terms: tuple["Term", ...]


@frozen(slots=False)
class Or:
    """Any of them."""

    terms: tuple["Term", ...]


@frozen(slots=False)
class Not:
    """The opposite."""

    term: "Term"


Term = Atom | And | Or | Not


def builtin_functions() -> dict[str, Callable[..., Any]]:
    """Casbin's own functions."""
    return dict(FunctionMap.load_function_map().get_functions())


def expression_of(model: CasbinModel, values: tuple[str, ...]) -> str:
    """The matcher for one policy line: `eval(p.rule)` replaced by the line's rule.

    Raises KeyError where `eval` names no field of the line.
    """
    if not util.has_eval(model.matcher):
        return model.matcher
    line = dict(zip(model.policy, values, strict=True))
    rules = [util.escape_assertion(line[name]) for name in util.get_eval_value(model.matcher)]
    return str(util.replace_eval(model.matcher, rules))


@lru_cache(maxsize=4096)
def parse(expression: str) -> ast.expr:
    """The expression's tree, as Casbin parses it. Raises SyntaxError and its like."""
    evaluator = CoreEnforcer._get_expression(expression, {})
    statements = ast.parse(evaluator.expr.strip()).body
    if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
        raise SyntaxError("it is not one expression")
    tree = evaluator.ast_parsed_value
    if not isinstance(tree, ast.expr):
        raise SyntaxError("it is not an expression")
    return tree


def split(tree: ast.expr, model: CasbinModel) -> Term:
    """The tree as And, Or, Not over atoms."""
    if isinstance(tree, ast.BoolOp):
        terms = tuple(split(value, model) for value in tree.values)
        return And(terms) if isinstance(tree.op, ast.And) else Or(terms)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return Not(split(tree.operand, model))
    if isinstance(tree, ast.IfExp):
        test = split(tree.test, model)
        body, other = split(tree.body, model), split(tree.orelse, model)
        return Or((And((test, body)), And((Not(test), other))))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return Atom(
        node=tree,
        key=ast.unparse(tree),
        text=spelled(tree),
        reads=frozenset(names & set(model.request)),
        asks=tuple(token for token in model.policy if token in names),
    )


def atoms(term: Term) -> Iterator[Atom]:
    """Every atom of a term."""
    if isinstance(term, Atom):
        yield term
    elif isinstance(term, Not):
        yield from atoms(term.term)
    else:
        for part in term.terms:
            yield from atoms(part)


def spelled(tree: ast.expr) -> str:
    """A tree as a model's author writes it: `r.sub`, not `r_sub`."""
    return re.sub(r"\b([rp])_(?=[A-Za-z_])", r"\1.", ast.unparse(tree))


def check(model: CasbinModel, values: tuple[str, ...], place: Place) -> ast.expr:
    """The tree of the matcher for one line. Raises PolicyError where Casbin would fail."""
    mend = "See docs/policies.md for what a matcher may hold"
    try:
        tree = parse(expression_of(model, values))
    except KeyError as refused:
        raise place.error(f"`eval` names no field of a policy line: {refused}", mend) from refused
    except (SyntaxError, ValueError, AttributeError, IndexError) as refused:
        reason = getattr(refused, "msg", None) or str(refused)
        raise place.error(f"Casbin cannot read the matcher: {reason}", mend) from refused
    except (RecursionError, MemoryError) as refused:
        raise place.error("the matcher is nested too deep", "Make it simpler") from refused
    try:
        _check_nodes(tree, model, place)
        split(tree, model)
    except RecursionError as refused:
        raise place.error("the matcher is nested too deep", "Make it simpler") from refused
    return tree


def _check_nodes(tree: ast.expr, model: CasbinModel, place: Place) -> None:
    evaluable = set(SimpleEval("True").nodes) | {ast.Starred, ast.keyword}
    functions = {*builtin_functions(), *model.groupings, "list", "tuple", "dict", "set"}
    bound = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    known = {*model.request, *model.policy, *functions, *bound}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and type(node) not in evaluable:
            raise place.error(
                f"Casbin cannot evaluate {quoted(spelled(node))}", "Write it with &&, || and !"
            )
        if isinstance(node, ast.Call):
            _check_call(node, functions, place)
        elif isinstance(node, ast.Name) and node.id not in known:
            words = [spelled(ast.Name(name)) for name in (*model.request, *model.policy)]
            name = spelled(node)
            raise place.error(
                f"the matcher reads {quoted(name)}, which nothing defines",
                f"{nearest(name, words)}It may read {', '.join(words)}",
            )
        elif isinstance(node, ast.Attribute):
            _check_attribute(node, model, place)


def _check_call(node: ast.Call, functions: set[str], place: Place) -> None:
    if isinstance(node.func, ast.Name) and node.func.id not in functions:
        raise place.error(
            f"no function is called {quoted(node.func.id)}",
            f"{nearest(node.func.id, sorted(functions))}"
            f"Functions: {', '.join(sorted(functions - {'list', 'tuple', 'dict', 'set'}))}",
        )


def _check_attribute(node: ast.Attribute, model: CasbinModel, place: Place) -> None:
    if not isinstance(node.value, ast.Name) or node.value.id not in model.request:
        return
    example: str = Subject("user:x") if node.value.id == model.request[0] else ""
    if not hasattr(example, node.attr) or node.attr.startswith("_"):
        mend = "A class and a right are plain strings"
        if node.value.id == model.request[0]:
            mend = "A subject has: " + ", ".join(ATTRIBUTES)
        raise place.error(f"{quoted(spelled(node))} does not exist", mend)
