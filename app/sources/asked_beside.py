"""A source whose lake's live parts are asked too: `metastore+postgresql://… hive://…`.

The first address is crawled; those after it only say how the lake is set up.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from app.core.change_signs import ChangeSign, PartialCrawl, SignReader
from app.core.facts import Facts, Progress, Source, no_progress
from app.core.rights.asked import Asked
from app.sources.arrow_batches import fact_rows


class AskedBeside:
    """A crawled source with others that are asked; implements facts.Source and Asked."""

    def __init__(self, crawled: Source, beside: Sequence[Asked]) -> None:
        self.label = crawled.label
        self._crawled = crawled
        self._beside = beside

    def ask(self) -> dict[str, str]:
        """What all of them say of their settings. Raises SourceError."""
        found: dict[str, str] = {}
        for each in (self._crawled, *self._beside):
            if isinstance(each, Asked):
                found |= each.ask()
        return found

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Crawl the first; what the others say of their settings comes before.

        Raises SourceError when one of them cannot be reached.
        """
        yield _settings(self._beside)
        yield from self._crawled.crawl(progress)


class SignedAskedBeside(AskedBeside):
    """The same where the crawled source shows signs of change; implements ChangeSign too."""

    def __init__(self, crawled: Source, beside: Sequence[Asked]) -> None:
        super().__init__(crawled, beside)
        assert isinstance(crawled, ChangeSign)
        self._signed: ChangeSign = crawled

    def signs(self) -> AbstractContextManager[SignReader]:
        """Open the look at the crawled source; settings show no sign. Raises SourceError."""
        return self._signed.signs()

    def crawl_access(self, progress: Progress = no_progress) -> Iterator[Facts] | None:
        """Who may do what alone, where the crawled source can tell that. Raises SourceError."""
        partial = self._crawled
        found = partial.crawl_access(progress) if isinstance(partial, PartialCrawl) else None
        return None if found is None else self._with_settings(found)

    def _with_settings(self, found: Iterator[Facts]) -> Iterator[Facts]:
        yield _settings(self._beside)
        yield from found


def ask_beside(crawled: Source, beside: Sequence[Asked]) -> AskedBeside:
    """Join a source with those that are asked beside it."""
    signed = isinstance(crawled, ChangeSign)
    return SignedAskedBeside(crawled, beside) if signed else AskedBeside(crawled, beside)


def _settings(beside: Sequence[Asked]) -> Facts:
    said: Mapping[str, str] = {key: value for each in beside for key, value in each.ask().items()}
    return fact_rows("lake_settings", sorted(said.items()))
