"""Workers killed at random moments while the receiver fails: nothing lost, order kept."""

import random
import subprocess
import sys
import time
from itertools import count

from app.store.database import Database, reading_scope, session_scope
from app.store.delivery_log import backlog
from app.store.outbox import add_notice, waiting_notices
from tests.alert.receivers import Handler, Received, receiver
from tests.delivering import worker_process
from tests.delivering.test_rounds import bodies
from tests.delivering.world import event

KINDS = ("opened", "grown", "mended", "still-open", "resolved")
INCIDENTS, KILLS = 5, 2


def test_workers_killed_again_and_again_lose_nothing_and_keep_the_order(
    database: Database, state_url: str
) -> None:
    number, chance = count(), random.Random(7)

    def answer(handler: Handler, _: Received) -> None:
        turn = next(number)
        if turn % 7 == 3:
            handler.reply(500)
        elif turn % 11 == 5:
            handler.reply(429, {"retry-after": "1"})
        elif turn % 13 == 6:
            handler.close_connection = True  # hangs up without a word
        elif turn % 17 == 8:
            handler.reply(302, {"location": "/elsewhere"})
        else:
            handler.reply(200)

    expected = {f"{n:016x}-{s}" for n in range(INCIDENTS) for s in range(1, len(KINDS) + 1)}
    with session_scope(database) as session:
        for sequence, kind in enumerate(KINDS, 1):
            for incident in range(INCIDENTS):
                add_notice(session, event(kind, sequence, f"{incident:016x}"))
    begun = time.time()
    with receiver(answer) as hook, receiver() as spare:
        command = [
            sys.executable, worker_process.__file__, state_url, hook.url, spare.url, str(begun),
        ]  # fmt: skip
        for _ in range(KILLS):
            pair = [subprocess.Popen(command) for _ in range(2)]
            time.sleep(chance.uniform(0.9, 1.3))
            for process in pair:
                process.kill()
                process.wait()
        last = subprocess.Popen(command)
        try:
            until = time.time() + 60
            while time.time() < until and not _is_done(database):
                time.sleep(0.1)
        finally:
            last.kill()
            last.wait()
        assert _is_done(database)
        seen = bodies(hook.requests) + bodies(spare.requests)
        first = list(dict.fromkeys(identity for identity, _ in bodies(hook.requests)))
    assert expected <= {identity for identity, _ in seen}
    for incident in range(INCIDENTS):
        mine = [one for one in first if one.startswith(f"{incident:016x}-") and one in expected]
        assert mine == sorted(mine)
        assert len(mine) == len(KINDS)


def _is_done(database: Database) -> bool:
    with reading_scope(database) as session:
        states = backlog(session).counts
        waiting = waiting_notices(session).count
    assert "dead" not in states
    return waiting == 0 and set(states) == {"delivered"}
