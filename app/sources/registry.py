"""Chooses a source or a directory by the scheme of its address.

A new one is one file and one line here. Modules are imported when chosen, so that a
command pays for no driver but its own.
"""

import re
from importlib import import_module

from app.core.errors import DirectoryError, LakewardenError, SourceError
from app.core.facts import Source
from app.core.rights.asked import Asked

#: scheme → module and function that takes the whole address and returns a Source
_SOURCES = {
    "metastore+postgresql": "app.sources.metastore_postgresql:open_postgresql",
    "metastore+mysql": "app.sources.metastore_mysql:open_mysql",
    "metastore+sqlite": "app.sources.metastore_sqlite:open_sqlite",
    "hive": "app.sources.hive_server:open_hive",
    "thrift": "app.sources.thrift_metastore:open_thrift",
}
_DIRECTORIES = {
    "csv": "app.sources.csv_directory:open_csv_directory",
}


#: Between the address of a source and one that is asked beside it, which is a live one.
_BESIDE = re.compile(r"\s+(?=(?:hive|thrift)://)")


def open_source(url: str) -> Source:
    """The lake at an address. Nothing is connected to before its crawl.

    Live addresses after the first, with blanks between, are only asked for the lake's
    settings. Raises SourceError for a scheme that no source has, or an address it cannot use.
    """
    crawled, *beside = _BESIDE.split(url.strip())
    source = _open(crawled, _SOURCES, SourceError, "source")
    if not beside:
        return source
    from app.sources.asked_beside import ask_beside

    opened = [_open(each, _SOURCES, SourceError, "source") for each in beside]
    return ask_beside(source, [each for each in opened if isinstance(each, Asked)])


def open_directory(url: str) -> Source:
    """The directory of people at an address, such as `csv:DIR`.

    Raises DirectoryError for a scheme that no directory has.
    """
    return _open(url, _DIRECTORIES, DirectoryError, "directory")


def _open(url: str, registry: dict[str, str], error: type[LakewardenError], what: str) -> Source:
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    entry = registry.get(scheme)
    if entry is None:
        known = ", ".join(f"{name}:" for name in registry)
        said = f"{scheme}: is no" if scheme.replace("+", "").isalnum() else "The address names no"
        raise error(f"{said} known {what}", mend=f"Known are {known}")
    module, _, function = entry.partition(":")
    opened: Source = getattr(import_module(module), function)(url)
    return opened
