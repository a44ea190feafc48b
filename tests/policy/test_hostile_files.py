"""Whatever stands in a policies folder: it loads, or PolicyError says why."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import PolicyError
from app.policy.lint import lint
from app.policy.loading import load_policies
from app.policy.testing import run_tests
from tests.policy.folders import FILES, load

STARTER = Path(__file__).parents[2] / "policies"
PIECES = (
    "",
    "\n",
    ",",
    ":",
    "- ",
    "  ",
    "\t",
    '"',
    "'",
    "{",
    "}",
    "[",
    "]",
    "*",
    "&a ",
    "*a",
    "!!x ",
)
ODD = (
    "\0",
    "\u202e",
    "\u2028",
    "\ufeff",
    "é",
    "💥",
    "\x85",
    "\ud7ff",
    "#",
    "%",
    "@",
    "`",
    "|",
    ">",
)
WORDS = (
    "p",
    "g",
    "r.sub",
    "eval(p.act)",
    "!",
    "&&",
    "(",
    ")",
    "re:(",
    "[z-a]",
    "none",
    "~",
    "9" * 30,
)


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(tuple(FILES)))
    starter = data.draw(st.booleans())
    text = (STARTER / name).read_text("utf-8") if starter else FILES[name]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.sampled_from((0, 0, 1, 2, 10)))
        put = data.draw(st.sampled_from((*PIECES, *ODD, *WORDS)) | st.text(max_size=4))
        text = text[:start] + put + text[end:]
    files: dict[str, str | bytes] = {name: text.encode("utf-8", "surrogatepass")}
    if starter:
        others = [other for other in FILES if other != name]
        files |= {other: (STARTER / other).read_text("utf-8") for other in others}
    folder = tmp_path_factory.mktemp("damaged")
    message = refusal(folder, files)
    assert message is None or message.startswith("policies/")


def refusal(folder: Path, files: dict[str, str | bytes]) -> str | None:
    """What the loader, the lint or the tests say against a folder."""
    try:
        policies = load(folder, **{key.replace(".", "_"): value for key, value in files.items()})
        lint(policies)
        run_tests(policies)
    except PolicyError as refused:
        return str(refused) if refused.mend else "no mend"
    return None


@pytest.mark.parametrize("name", [*FILES, "waivers.yaml"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"\x00" * 50, b"[" * 50_000, b"a: " * 5_000, b"x" * 1_000_000],
    ids=["empty", "utf-16", "nulls", "brackets", "keys", "long"],
)
def test_hostile_files(tmp_path: Path, name: str, content: bytes) -> None:
    if (name, content) == ("waivers.yaml", b""):
        return
    with pytest.raises(PolicyError, match=r"^policies/"):
        load(tmp_path, **{name.replace(".", "_"): content})


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "policies" / "model.conf").mkdir(parents=True)
    with pytest.raises(PolicyError, match=r"the file cannot be read: Is a directory"):
        load_policies(tmp_path / "policies")
