"""pycasbin's `enforce` on a sample of requests: enforce SAMPLE.

SAMPLE is what count_answers wrote. Says how long the requests took, one after another,
without loading anything, and fails where pycasbin's answer is not the compiled judge's.
"""

import json
import sys
import time
from pathlib import Path

import casbin

#: Deeper than any nesting of the lake: pycasbin stops at 10 where nothing is said.
_DEPTH = 1000


def main() -> None:
    """Load, ask, compare."""
    sample = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    model = casbin.Enforcer.new_model(text=sample["model"])
    enforcer = casbin.Enforcer(model)
    enforcer.model["p"]["p"].policy = sample["lines"]
    roles = enforcer.rm_map["g"]
    roles.max_hierarchy_level = _DEPTH
    for member, parent in sample["memberships"]:
        roles.add_link(member, parent)
    requests = sample["requests"]
    enforce = enforcer.enforce
    enforce(*requests[0][:3])
    began = time.perf_counter()
    answers = [enforce(subject, name, right) for subject, name, right, _ in requests]
    took = time.perf_counter() - began
    wrong = sum(answer != request[3] for answer, request in zip(answers, requests, strict=True))
    if wrong:
        raise AssertionError(f"{wrong} of {len(requests)} answers are not the compiled judge's")
    print(json.dumps({"seconds": took, "requests": len(requests), "allowed": sum(answers)}))


if __name__ == "__main__":
    main()
