"""Follows the columns of a parsed query back to the tables it reads.

Every query, derived table, CTE and lateral view becomes a relation: named outputs with
the columns they are made from, tables that come through whole (`SELECT *`), and what may
come through under names nobody can tell. Relations of outer queries are made of those of
inner ones; the outermost is the view.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from app.core.names import fold
from app.core.sql import SqlTextLimitError, exp, parse_query
from app.core.view_relations import NONE, Flow, Relation, Scope, named_relation, united
from app.core.view_text import ANY_COLUMN, SourceName, ViewOutput, ViewParse, WholeSource

#: Steps for each node of the tree before a text is given up as too tangled: names that
#: could be of any of a thousand tables, CTEs that double one another.
STEPS_PER_NODE = 20

#: With more columns behind its outputs, a view is told by its sources alone.
MAX_FLOWS = 20_000

#: Functions that make several columns of one expression.
_GENERATORS = (exp.Inline, exp.Explode, exp.Posexplode, exp.Stack)


_Ctes = Mapping[str, Relation]


def read_view(text: str, dialect: str) -> ViewParse:
    """Read a view text in one dialect. Raises SqlTextError."""
    query = parse_query(text, dialect)
    try:
        return _Reader(query).read()
    except RecursionError:
        raise SqlTextLimitError("it is nested too deep") from None


class _Reader:
    def __init__(self, query: exp.Query) -> None:
        self.query = query
        self.sources: dict[SourceName, int] = {}
        self.others: set[Flow] = set()
        self.seen: set[int] = set()  # table nodes that a relation accounts for
        self.tables = list(query.find_all(exp.Table))
        self.steps_left = 1_000 + STEPS_PER_NODE * sum(1 for _ in query.walk())

    def read(self) -> ViewParse:
        view = self.relation(self.query, {}, None)
        for table in self.tables:
            if id(table) not in self.seen and not table.find_ancestor(exp.Hint):
                view.anything |= {(self.source(table), ANY_COLUMN)}
        if sum(len(flows) for _, flows in view.outputs) > MAX_FLOWS:
            whole = frozenset((source, ANY_COLUMN) for source in self.sources.values())
            view = Relation(anything=whole)
        outputs = [ViewOutput(name, tuple(sorted(flows))) for name, flows in view.outputs]
        if view.anything:
            outputs.append(ViewOutput("", tuple(sorted(view.anything))))
        return ViewParse(
            sources=tuple(self.sources),
            outputs=tuple(outputs),
            reads_all_of=tuple(
                WholeSource(source, tuple(sorted(out)))
                for source, out in sorted(view.stars.items())
            ),
            other_columns=tuple(sorted(self.others - view.everything())),
            positional=view.positional,
        )

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise SqlTextLimitError("it is too tangled to follow")

    def source(self, table: exp.Table) -> int:
        parts = [fold(part.name) for part in table.parts][-3:]
        name = SourceName(*[""] * (3 - len(parts)), *parts)
        return self.sources.setdefault(name, len(self.sources))

    # Queries

    def relation(self, node: exp.Expr, ctes: _Ctes, outer: Scope | None) -> Relation:
        """What a query returns."""
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            return self.relation(node.this, self.with_ctes(node, ctes, outer), outer)
        if isinstance(node, exp.SetOperation):
            return self.set_operation(node, ctes, outer)
        if isinstance(node, exp.Select):
            return self.select(node, ctes, outer)
        scope = Scope(outer)
        self.item(node, ctes, scope)
        made = Relation()
        for _, relation in scope.items:
            made.add(relation)
        return made

    def set_operation(self, node: exp.SetOperation, ctes: _Ctes, outer: Scope | None) -> Relation:
        """Down the left side in a loop: a thousand UNIONs nest a thousand deep there."""
        operands: list[tuple[exp.Expr, _Ctes]] = []
        left: exp.Expr = node
        while isinstance(left, exp.SetOperation):
            ctes = self.with_ctes(left, ctes, outer)
            operands.append((left.expression, ctes))
            left = left.this
        operands.append((left, ctes))
        return united(
            [self.relation(operand, known, outer) for operand, known in reversed(operands)]
        )

    def with_ctes(self, node: exp.Expr, ctes: _Ctes, outer: Scope | None) -> _Ctes:
        with_ = node.args.get("with_")
        if with_ is None:
            return ctes
        known = dict(ctes)
        for cte in with_.expressions:
            name, columns = fold(cte.alias), _column_aliases(cte)
            if with_.recursive:
                # once for what starts it, once more for what it adds to itself
                known[name] = Relation()
                known[name] = self.relation(cte.this, known, outer).renamed(columns)
            known[name] = self.relation(cte.this, known, outer).renamed(columns)
        return known

    def select(self, node: exp.Select, ctes: _Ctes, outer: Scope | None) -> Relation:
        ctes = self.with_ctes(node, ctes, outer)
        scope = Scope(outer)
        from_ = node.args.get("from_")
        joins = node.args.get("joins") or []
        for item in [from_.this] if from_ else []:
            self.item(item, ctes, scope)
        for item in [*(join.this for join in joins), *(node.args.get("laterals") or [])]:
            self.item(item, ctes, scope)
        made = Relation()
        for expression in node.expressions:
            self.output(expression, ctes, scope, made)
        for key, value in node.args.items():
            if key not in ("expressions", "from_", "joins", "laterals", "with_", "hint"):
                self.others |= self.flows(value, ctes, scope)
        for join in joins:
            self.join_condition(join, ctes, scope)
        return made

    def join_condition(self, join: exp.Join, ctes: _Ctes, scope: Scope) -> None:
        self.others |= self.flows(join.args.get("on"), ctes, scope)
        for using in join.args.get("using") or []:
            self.others |= self.unqualified(fold(using.name), scope)

    # FROM items

    def item(self, node: exp.Expr, ctes: _Ctes, scope: Scope) -> None:
        """Add a FROM item, and what is joined to it inside its parentheses."""
        alias = fold(node.alias_or_name)
        columns = _column_aliases(node)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier | exp.Dot):
            relation = self.table(node, ctes)
        elif isinstance(node, exp.Subquery):
            if not isinstance(node.this, exp.Query) and not node.alias:
                self.item(node.this, ctes, scope)
                self.joined(node, ctes, scope)
                return
            relation = self.relation(node.this, self.with_ctes(node, ctes, scope), scope)
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            relation = self.relation(node.this, ctes, scope)
        elif isinstance(node, exp.Unnest) and len(columns) == len(node.expressions):
            each = [self.flows(value, ctes, scope) for value in node.expressions]
            relation = named_relation(zip(columns, each, strict=True))
        else:  # a function of rows, or literal rows
            if isinstance(node, exp.Table):
                self.seen.add(id(node))
            relation = Relation(anything=self.flows(list(node.args.values()), ctes, scope))
        relation = relation.renamed(columns)
        if node.args.get("pivots"):
            relation = Relation(anything=relation.everything())
        scope.items.append((alias, relation))
        self.joined(node, ctes, scope)

    def joined(self, node: exp.Expr, ctes: _Ctes, scope: Scope) -> None:
        joins = node.args.get("joins") or []
        laterals = node.args.get("laterals") or []
        for item in [*(join.this for join in joins), *laterals]:
            self.item(item, ctes, scope)
        for join in joins:
            self.join_condition(join, ctes, scope)

    def table(self, node: exp.Table, ctes: _Ctes) -> Relation:
        self.seen.add(id(node))
        name = fold(node.name)
        if not node.db and name in ctes:
            return ctes[name]
        return Relation(stars={self.source(node): frozenset()})

    # SELECT's expressions

    def output(self, node: exp.Expr, ctes: _Ctes, scope: Scope, made: Relation) -> None:
        """Add one expression of a SELECT to what the query returns."""
        if isinstance(node, exp.Star):
            left_out = frozenset(fold(one.name) for one in node.args.get("except_") or [])
            for _, relation in scope.items:
                self.spend(1 + len(relation.outputs))
                made.add(relation, left_out)
            for changed in [*(node.args.get("replace") or []), *(node.args.get("rename") or [])]:
                made.put(fold(changed.alias), self.flows(changed, ctes, scope))
        elif isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            left_out = frozenset(fold(one.name) for one in node.this.args.get("except_") or [])
            for relation in self.aliased(node, scope):
                self.spend(1 + len(relation.outputs))
                made.add(relation, left_out)
        elif isinstance(node, exp.QueryTransform):
            flows = self.flows(node, ctes, scope)
            schema = node.args.get("schema")
            names = [fold(one.name) for one in schema.expressions] if schema else []
            made.add(Relation(anything=flows).renamed(names))
        elif isinstance(node, exp.Aliases):
            flows = self.flows(node.this, ctes, scope)
            for one in node.expressions:
                made.put(fold(one.name), flows)
        elif isinstance(node, _GENERATORS) or node.is_star:
            made.anything |= self.flows(node, ctes, scope)
        else:
            flows = self.flows(node, ctes, scope)
            named = isinstance(node, exp.Alias | exp.Column | exp.Dot)
            name = fold(node.alias_or_name) if named else ""
            made.put(name, flows)
            if isinstance(node, exp.Alias):
                scope.aliases[name] = flows

    def flows(self, root: object, ctes: _Ctes, scope: Scope) -> frozenset[Flow]:
        """All columns that an expression, or a list of them, is made of."""
        found: set[Flow] = set()
        stack = [root]
        while stack:
            node = stack.pop()
            self.spend(1)
            if isinstance(node, list):
                stack += node
            elif isinstance(node, exp.Column):
                found |= self.column(node, scope)
            elif isinstance(node, exp.Query):
                found |= self.relation(node, ctes, scope).everything()
            elif isinstance(node, exp.Table):
                self.seen.add(id(node))
                found |= self.table(node, ctes).everything()
            elif isinstance(node, exp.Anonymous) and fold(node.name) == "table":
                stack += [_as_table(argument) for argument in node.expressions]
            elif isinstance(node, exp.Star):
                if not isinstance(node.parent, exp.Count):
                    found.update(*(relation.everything() for _, relation in scope.items))
            elif isinstance(node, exp.Expr):
                stack += node.args.values()
        self.spend(len(found))
        return frozenset(found)

    def column(self, node: exp.Column, scope: Scope) -> frozenset[Flow]:
        """`c`, `t.c`, `db.t.c`, and fields of structs behind any of them."""
        if isinstance(node.this, exp.Star):
            return NONE.union(*(relation.everything() for relation in self.aliased(node, scope)))
        parts = [fold(part.name) for part in node.parts]
        for around in scope.outwards():
            hits = [
                relation.column(after)
                for part, after in pairwise(parts)
                for alias, relation in around.items
                if alias == part
            ]
            if hits:
                return NONE.union(*hits)
        return NONE.union(*(self.unqualified(part, scope) for part in parts))

    def unqualified(self, name: str, scope: Scope) -> frozenset[Flow]:
        found: set[Flow] = set()
        for around in scope.outwards():
            relations = [relation for _, relation in around.items]
            self.spend(len(relations))
            named = NONE.union(*(relation.named(name) for relation in relations))
            if named:
                return named.union(found)
            found |= around.aliases.get(name, NONE)
            found.update(*(relation.untold(name) for relation in relations))
        return frozenset(found)

    def aliased(self, node: exp.Column, scope: Scope) -> Iterable[Relation]:
        """The FROM items that `t.*` speaks of; all of them where there is no such t."""
        wanted = fold(node.table)
        for around in scope.outwards():
            hits = [relation for alias, relation in around.items if alias == wanted]
            if hits:
                return hits
        return [relation for _, relation in scope.items]


def _as_table(argument: exp.Expr) -> exp.Expr:
    """`TABLE(db.t)`, a table given to a function, which reads like a column there."""
    if not isinstance(argument, exp.Column):
        return argument
    parts = [*([""] * 3), *(part.name for part in argument.parts)][-3:]
    return exp.table_(parts[2], db=parts[1] or None, catalog=parts[0] or None)


def _column_aliases(node: exp.Expr) -> list[str]:
    alias = node.args.get("alias")
    return [fold(one.name) for one in alias.columns] if isinstance(alias, exp.TableAlias) else []
