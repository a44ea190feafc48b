"""When a watched lake is due, on a clock of our own."""

from app.core.change_signs import ACCESS, OBJECTS, PEOPLE, Sign, changed_parts
from app.core.watching import AGAIN, CHANGE, FIRST, INTERVAL, Due, Pace, Watch


class Clock:
    """A clock that stands still until told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _watch(clock: Clock, *, signed: bool = True) -> Watch:
    return Watch(Pace(interval=0.5, full_every=100), clock, signed=signed)


def _seen_first(clock: Clock, sign: Sign, *, signed: bool = True) -> Watch:
    watch = _watch(clock, signed=signed)
    due = watch.seen(sign)
    assert due == Due(FIRST, whole=True)
    watch.done(due)
    return watch


def test_signs_are_compared_by_part() -> None:
    assert changed_parts(Sign({ACCESS: 1}), Sign({ACCESS: 1})) == set()
    assert changed_parts(Sign({ACCESS: 1}), Sign({ACCESS: 2, OBJECTS: 1})) == {ACCESS, OBJECTS}
    assert changed_parts(Sign({ACCESS: None}), Sign()) == {ACCESS}
    joined = Sign({ACCESS: 1}).joined(Sign({ACCESS: 2, PEOPLE: 3}))
    assert joined == Sign({ACCESS: (1, 2), PEOPLE: 3})


def test_nothing_is_due_while_the_sign_stays() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign({ACCESS: 1}))
    clock.now += 50
    assert watch.seen(Sign({ACCESS: 1})) is None


def test_only_who_may_do_what_is_crawled_when_only_that_changed() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign({ACCESS: 1, OBJECTS: 1, PEOPLE: 1}))
    due = watch.seen(Sign({ACCESS: 2, OBJECTS: 1, PEOPLE: 2}))
    assert due == Due(CHANGE, whole=False, parts=frozenset({ACCESS, PEOPLE}))
    due = watch.seen(Sign({ACCESS: 1, OBJECTS: 2, PEOPLE: 1}))
    assert due == Due(CHANGE, whole=True, parts=frozenset({OBJECTS}))


def test_what_changes_during_a_round_is_due_after_it() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign({ACCESS: 1}))
    due = watch.seen(Sign({ACCESS: 2}))
    assert due is not None
    watch.done(due)
    assert watch.seen(Sign({ACCESS: 2})) is None
    assert watch.seen(Sign({ACCESS: 3})) == Due(CHANGE, whole=False, parts=frozenset({ACCESS}))


def test_a_whole_crawl_is_due_at_intervals_and_partial_ones_do_not_put_it_off() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign({ACCESS: 0}))
    for number in range(1, 10):
        clock.now += 10
        due = watch.seen(Sign({ACCESS: number}))
        assert due is not None
        watch.done(due)
    clock.now += 10
    assert watch.seen(Sign({ACCESS: 9})) == Due(INTERVAL, whole=True)


def test_after_a_failure_all_is_read_again_and_ever_more_seldom() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign({ACCESS: 1}))
    pauses = []
    for _ in range(9):
        watch.failed()
        pauses.append(watch.pause)
        assert watch.seen(Sign({ACCESS: 1})) is None
        clock.now += watch.pause
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    due = watch.seen(Sign({ACCESS: 1}))
    assert due == Due(AGAIN, whole=True)
    watch.done(due)
    assert watch.seen(Sign({ACCESS: 1})) is None
    assert watch.pause == 0.5


def test_a_lake_that_changes_all_the_time_is_crawled_half_of_the_time() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign({OBJECTS: 0}))
    crawling, began = 0.0, clock.now
    for number in range(1, 2000):
        due = watch.seen(Sign({OBJECTS: number}))
        if due is not None:
            clock.now += 30
            crawling += 30
            watch.done(due)
        clock.now += watch.pause
    assert crawling <= 0.51 * (clock.now - began)


def test_without_a_sign_it_is_crawled_a_fifth_of_the_time() -> None:
    clock = Clock()
    watch = _seen_first(clock, Sign(), signed=False)
    crawling, began = 0.0, clock.now
    for _ in range(50):
        due = watch.seen(Sign())
        assert due == Due(INTERVAL, whole=True)
        clock.now += 10
        crawling += 10
        watch.done(due)
        clock.now += watch.pause
    assert 0.15 < crawling / (clock.now - began) <= 0.21
