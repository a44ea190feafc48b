"""The closed lists of words that parameters and answers are written with.

Typed here once for the OpenAPI document; a test holds them to core's own lists.
"""

from typing import Literal

Right = Literal[
    "select",
    "insert",
    "update",
    "delete",
    "alter",
    "create",
    "drop",
    "index",
    "lock",
    "own",
    "delegate",
]
Severity = Literal["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]
Kind = Literal[
    "authorization-off",
    "everyone",
    "not-allowed",
    "over-head-count",
    "unclassified",
    "can-delegate",
    "can-make-themselves",
    "leaver",
    "unknown-principal",
    "believes-any-name",
    "skips-checks",
    "open-metastore",
    "modes-differ",
]
ExposureScope = Literal["table", "principal", "lake"]
Status = Literal["baseline", "opened", "grown", "shrunk", "persisting", "unknown"]
Tier = Literal["restricted", "confidential", "internal", "public", "unclassified"]
RunState = Literal["running", "whole", "failed"]
JobState = Literal["queued", "running", "whole", "failed"]
IncidentState = Literal["open", "acknowledged", "mended", "resolved", "unknown"]
TokenScope = Literal["read", "run", "admin"]
Holding = Literal["person", "service", "inactive", "unknown", "group"]
Word = Literal["allowed", "denied", "unknown"]
YesNo = Literal["yes", "no"]
ExportFormat = Literal["ndjson", "csv", "parquet", "json", "html"]
