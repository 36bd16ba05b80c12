"""When snapshots are taken, with a clock of the test's own."""

from __future__ import annotations

from windtunnel.plugin.snapshot_schedule import FOLLOW, IDLE, LATEST, QUIET, SHARE, Round, Schedule


def test_nothing_is_due_before_anything_changed() -> None:
    assert Schedule().due_at() is None


def test_a_change_is_due_once_it_is_quiet() -> None:
    schedule = Schedule()

    schedule.changed("sqs", 10.0)
    schedule.changed("sqs", 10.1)

    assert schedule.due_at() == 10.1 + QUIET


def test_changes_without_end_are_due_all_the_same() -> None:
    schedule = Schedule()

    for step in range(100):
        schedule.changed("sqs", 10.0 + step / 10)

    assert schedule.due_at() == 10.0 + LATEST


def test_one_service_s_noise_does_not_hold_up_another() -> None:
    schedule = Schedule()

    schedule.changed("sqs", 10.0)
    news = schedule.changed("kms", 10.1)
    schedule.changed("sqs", 10.3)

    assert news
    assert schedule.due_at() == 10.1 + QUIET
    assert schedule.take(10.4).services == {"sqs", "kms"}


def test_data_that_took_long_rests_and_what_is_more_than_data_does_not() -> None:
    schedule = Schedule()
    schedule.changed("dynamodb", 0.0, data=True)
    schedule.done(schedule.take(1.0), 2.0, {"dynamodb": 1.0}, {"dynamodb"})

    schedule.changed("dynamodb", 3.0, data=True)

    assert schedule.due_at() == 2.0 + SHARE * 1.0
    assert schedule.take(4.0).services == frozenset()
    assert schedule.resting(4.0) == {"dynamodb"}

    assert schedule.changed("dynamodb", 5.0)

    assert schedule.take(5.3).services == {"dynamodb"}


def test_what_calls_do_not_tell_is_looked_for_soon_after_a_change_and_seldom_after_none() -> None:
    schedule = Schedule()
    schedule.changed("lambda", 0.0)

    this = schedule.take(0.3)
    schedule.done(this, 0.4, {}, {"lambda"})

    assert this.look
    assert schedule.due_at() == 0.4 + FOLLOW
    follow = schedule.take(1.4)
    assert follow == Round(frozenset(), frozenset(), look=True)

    schedule.done(follow, 1.5, {}, ())

    assert schedule.due_at() == 1.5 + IDLE


def test_data_alone_makes_nobody_look_at_other_services() -> None:
    schedule = Schedule()
    schedule.changed("dynamodb", 0.0, data=True)

    this = schedule.take(0.3)
    schedule.done(this, 0.4, {"dynamodb": 0.01}, {"dynamodb"})

    assert this == Round(frozenset({"dynamodb"}), frozenset({"dynamodb"}), look=False)
    assert schedule.due_at() is None


def test_a_snapshot_that_failed_is_tried_again() -> None:
    schedule = Schedule()
    schedule.changed("sqs", 0.0)
    this = schedule.take(0.3)

    schedule.failed(this, 1.0)

    assert schedule.due_at() == 1.0 + QUIET
    assert schedule.take(1.3).services == {"sqs"}


def test_it_is_settled_once_a_look_after_the_last_change_finds_nothing() -> None:
    schedule = Schedule()
    assert schedule.settled

    schedule.changed("lambda", 0.0)
    assert not schedule.settled

    schedule.done(schedule.take(1.0), 1.1, {}, {"lambda"})
    # a function that is being made changes without a call
    assert not schedule.settled

    schedule.done(schedule.take(1.1 + FOLLOW), 2.2, {}, ())
    assert schedule.settled


def test_it_is_not_settled_while_data_rests_or_after_a_failure() -> None:
    schedule = Schedule()
    schedule.changed("sqs", 0.0, data=True)
    schedule.done(schedule.take(1.0), 2.0, {"sqs": 1.0}, {"sqs"})
    assert schedule.settled

    schedule.changed("sqs", 3.0, data=True)
    assert schedule.take(4.0) == Round()
    assert not schedule.settled

    schedule.failed(schedule.take(13.0), 14.0)
    assert not schedule.settled
