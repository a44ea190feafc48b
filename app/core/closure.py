"""Members of nested groups and roles: every set built once, cycles collapsed."""

from collections.abc import Iterable, Mapping

from pyroaring import FrozenBitMap

EMPTY = FrozenBitMap()


def close(
    direct: Mapping[str, FrozenBitMap], nested: Mapping[str, Iterable[str]]
) -> dict[str, FrozenBitMap]:
    """The transitive members of every name in `direct` or `nested`.

    direct: name → bits that are its members by themselves.
    nested: name → names whose members are its members too. Names that stand in a
    cycle hold the same members, as in Hive, which follows memberships with a visited set.
    """
    closed = {name: bits for name, bits in direct.items() if name not in nested}
    for component in components(nested, nested):
        if component[0] in closed:  # nothing is below it
            continue
        below = {child for name in component for child in nested.get(name, ())}
        members = FrozenBitMap.union(
            *(direct.get(name, EMPTY) for name in component),
            *(closed.get(child, EMPTY) for child in below),
        )
        compact = FrozenBitMap(members)
        closed.update((name, compact) for name in component)
    return closed


def components(names: Iterable[str], nested: Mapping[str, Iterable[str]]) -> Iterable[list[str]]:
    """Strongly connected components, children before parents (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_path: set[str] = set()
    path: list[str] = []
    for root in sorted(names):
        if root in index:
            continue
        work = [(root, iter(sorted(nested.get(root, ()))))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            name, children = work[-1]
            for child in children:
                if child not in index:
                    index[child] = low[child] = len(index)
                    path.append(child)
                    on_path.add(child)
                    work.append((child, iter(sorted(nested.get(child, ())))))
                    break
                if child in on_path:
                    low[name] = min(low[name], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    yield _pop_component(name, path, on_path)


def _pop_component(root: str, path: list[str], on_path: set[str]) -> list[str]:
    component: list[str] = []
    while True:
        name = path.pop()
        on_path.discard(name)
        component.append(name)
        if name == root:
            return component
