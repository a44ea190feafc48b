"""Secrets in locations and property values."""

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.redaction import redact_locations, redact_properties, redact_text, redact_texts

HIDDEN = [
    ("s3a://AKIA:ab/cd+ef@bucket/p", "s3a://AKIA:[redacted]@bucket/p"),
    ("http://:pw@h/", "http://:[redacted]@h/"),
    (
        "jdbc:mysql://h:3306/d?user=u&password=p%40x&z=1",
        "jdbc:mysql://h:3306/d?user=u&password=[redacted]&z=1",
    ),
    (
        "jdbc:sqlserver://h;user=u;Password=p x;a=b",
        "jdbc:sqlserver://h;user=u;Password=[redacted] x;a=b",
    ),
    ("jdbc:oracle:thin:scott/tiger@//h:1521/x", "jdbc:oracle:thin:scott/[redacted]@//h:1521/x"),
    ("https://a/b?sv=1&sig=abc%3D&x=1", "https://a/b?sv=1&sig=[redacted]&x=1"),
    ("https://s3/x?X-Amz-Signature=abc", "https://s3/x?X-Amz-Signature=[redacted]"),
    ("https://s3/x?X-Amz-Credential=AKIA/1&Y=2", "https://s3/x?X-Amz-Credential=[redacted]&Y=2"),
    ('{"password": "a\\"b", "b": 1}', '{"password": [redacted], "b": 1}'),
    ('Module required user="u" password="p q";', 'Module required user="u" password=[redacted];'),
    ("fs.azure.account.key: abc==", "fs.azure.account.key: [redacted]"),
]
KEPT = [
    "hdfs://nn:8020/user/a@b/x",
    "hdfs://nn1:8020,nn2:8020/a?x=@",
    "wasbs://container@account.blob.core.windows.net/x",
    "s3://bucket/tokens/password_resets/dt=1",
    "hdfs://nn/keystrokes/key=5",
    "tokenizer=standard",
    "a plain word",
]


@pytest.mark.parametrize(("text", "redacted"), HIDDEN)
def test_what_is_hidden(text: str, redacted: str) -> None:
    assert redact_text(text) == redacted
    assert redact_texts(pa.array([None, text, "x"])).to_pylist() == [None, redacted, "x"]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_kept(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize("text", [text for text, _ in HIDDEN] + KEPT)
def test_hiding_twice_hides_nothing_more(text: str) -> None:
    assert redact_text(redact_text(text)) == redact_text(text)


def test_locations() -> None:
    locations = pa.array([None, "hdfs://nn:8020/x", HIDDEN[0][0]])
    assert redact_locations(locations).to_pylist() == [None, "hdfs://nn:8020/x", HIDDEN[0][1]]
    untouched = pa.array(["hdfs://nn:8020/x"])
    assert redact_locations(untouched) is untouched


def test_values_of_secret_keys_are_hidden_whole_unless_they_are_flags() -> None:
    keys = ["hive.sql.dbcp.password", "fs.s3a.secret.key", "secret", "team", None, "API_TOKEN"]
    values = ["x", "y z", "true", "crm", "password=p", None]
    redacted = redact_properties(pa.array(keys), pa.array(values)).to_pylist()
    assert redacted == ["[redacted]", "[redacted]", "true", "crm", "password=[redacted]", None]


@given(st.lists(st.none() | st.text() | st.sampled_from([text for text, _ in HIDDEN])))
def test_arrays_and_texts_agree(texts: list[str | None]) -> None:
    expected = [None if text is None else redact_text(text) for text in texts]
    array = pa.array(texts, pa.string())
    assert redact_texts(array).to_pylist() == expected
    assert redact_locations(array).to_pylist() == [
        new if old is not None and ("@" in old or "=" in old) else old
        for old, new in zip(texts, expected, strict=True)
    ]


_PARTS = st.sampled_from(
    [
        "://",
        "u:p@",
        "@",
        "password",
        "=",
        ":",
        "sig",
        "?",
        "&",
        "jdbc:oracle:thin:a/b",
        "x",
        "/",
        '"',
        " ",
        "KEY",
        "access",
        "\n",
    ]
)


@given(st.lists(_PARTS).map("".join))
@example("password\n=x")
def test_the_cheap_scan_misses_nothing(text: str) -> None:
    assert redact_texts(pa.array([text], pa.string())).to_pylist() == [redact_text(text)]
