"""The morning digest: who gets one, when, and what it says."""

from datetime import timedelta

import dagster as dg
import pytest
from digest_setup import ADA, BEN, CAM, FRIDAY, SATURDAY, STAFF, SUNDAY, morning, publish_lists, red_since, with_digest
from fake_receivers import Mailbox, WebhookInbox, free_port, mail_server
from notice_setup import configured

from orchestration.notices.outbox import OUTBOX
from orchestration.notices.sensor import SendResult, send_notices
from orchestration.settings import Settings

MONDAY_TEXT = """\
The dashboard of Sunday, November 22, compared with Saturday, November 21. Customers who turned red since then, who \
turn red by Tuesday, November 24 if nobody acts, and who are resolved. A customer on several lines is counted on each.

Your own customers
https://dashboard.example.org/my-customers?as_of=2026-11-22
- Late: 1 turned red

First
https://dashboard.example.org/?scope=provider:P1&as_of=2026-11-22
- Late: 1 turned red, 2 turn red by Tuesday
  https://dashboard.example.org/lines/late?scope=provider:P1&as_of=2026-11-22

You get this on weekdays because your address is on your agency's list. To end it, ask the people who run the \
dashboard to take it off.
"""
TUESDAY = SUNDAY + timedelta(days=2)
MONDAY = SUNDAY + timedelta(days=1)


def test_each_person_gets_the_counts_and_links_of_their_own_places(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, webhook: WebhookInbox
) -> None:
    """People on the list who are not on the staff extract get none, and nor does anybody else in copy."""
    publish_lists(
        config,
        SATURDAY,
        SUNDAY,
        **red_since("Zebulon", SUNDAY)
        | {"customers": [("Zebulon", "P1", 7, "B")]}
        | {"line_customers": [("Zed", "s", "waiting", 1), ("Zoe", "s", "waiting", 2)]}
        | {"scope_history": [(name, "P1", 7, FRIDAY, None) for name in ("Zebulon", "Zed", "Zoe")]},
    )
    here = with_digest(
        config, mailbox, "# the team", "", " Ada@Example.org \r", BEN, CAM, "stranger@example.org", "no address",
        webhook_url=webhook.url,
    )  # fmt: skip
    assert send_notices(here, instance, morning(23)) == SendResult(3, 0, ())
    assert sorted(mailbox.receivers) == [ADA, BEN, CAM]
    by_receiver = dict(zip(mailbox.receivers, zip(mailbox.subjects, mailbox.texts, strict=True), strict=True))
    assert by_receiver[BEN] == ("[yacp] Digest of Sunday, November 22", MONDAY_TEXT)
    assert "Illinois\nhttps://dashboard.example.org/?scope=statewide&as_of=2026-11-22\n- Late: 1" in by_receiver[ADA][1]
    assert by_receiver[CAM][0] == "[yacp] Digest of Sunday, November 22: nothing new"
    assert "Second\nhttps://dashboard.example.org/?scope=provider:P2&as_of=2026-11-22\n- nothing" in by_receiver[CAM][1]
    assert not [name for name in ("Zebulon", "Zed", "Zoe") if name in str(mailbox.texts)]
    assert webhook.posted == []
    assert "example.org" not in (here.dagster_home / OUTBOX).read_text()


def test_somebody_who_may_not_list_gets_no_links_to_lists(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    publish_lists(config, SATURDAY, SUNDAY, **red_since("c", SUNDAY, provider="P2"))
    send_notices(with_digest(config, mailbox, CAM), instance, morning(23))
    assert "- Late: 1 turned red\n" in mailbox.texts[0]
    assert "/lines/" not in mailbox.texts[0]


def test_it_is_sent_on_weekdays_from_the_hour_and_once_a_day(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    here = with_digest(config, mailbox, ADA, digest_at="06:30")
    publish_lists(config, FRIDAY, at=morning(21, 3))
    assert send_notices(here, instance, morning(21, 7)).sent == 0  # a Saturday
    publish_lists(config, FRIDAY, SATURDAY, SUNDAY, at=morning(23, 3))
    assert send_notices(here, instance, morning(23, 6, 29)).sent == 0
    assert send_notices(here, instance, morning(23, 6, 30)).sent == 1
    assert send_notices(here, instance, morning(23, 6, 31)).sent == 0
    publish_lists(config, SUNDAY, MONDAY, at=morning(23, 20))
    assert send_notices(here, instance, morning(23, 20)).sent == 0  # the same day
    assert send_notices(here, instance, morning(24, 6, 30)).sent == 1


def test_it_waits_for_the_day_before_or_for_whatever_is_published_behind_the_hour(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    here = with_digest(config, mailbox, ADA)
    publish_lists(config, FRIDAY, SATURDAY, at=morning(22, 4))
    assert send_notices(here, instance, morning(23, 6)).sent == 0  # Sunday isn't there
    publish_lists(config, FRIDAY, SATURDAY, SUNDAY, at=morning(23, 9))
    assert send_notices(here, instance, morning(23, 9, 1)).sent == 1
    publish_lists(config, SATURDAY, SUNDAY, MONDAY, at=morning(25, 5, 59))  # a day that came late
    assert send_notices(here, instance, morning(25, 9)).sent == 0
    (config.published / "releases" / f"{MONDAY}-1").rename(config.home / "earlier")
    publish_lists(config, SATURDAY, SUNDAY, MONDAY, at=morning(25, 9))
    assert send_notices(here, instance, morning(25, 9, 1)).sent == 1
    assert "November 23, compared with Sunday, November 22" in mailbox.texts[1]
    (config.published / "releases" / f"{MONDAY}-1").rename(config.home / "same")
    publish_lists(config, SUNDAY, MONDAY, at=morning(26, 9))  # the same day again says nothing new
    assert send_notices(here, instance, morning(26, 9, 1)).sent == 0


def test_the_next_digest_covers_the_weekend_and_every_day_on_which_none_was_sent(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    """It compares with the day of the last digest that arrived, not with the day before."""
    thursday = FRIDAY - timedelta(days=1)
    here = with_digest(config, mailbox, ADA)
    publish_lists(config, thursday)
    assert send_notices(here, instance, morning(20)).sent == 1
    publish_lists(config, thursday, FRIDAY, SATURDAY, SUNDAY, **red_since("c", FRIDAY))
    down = with_digest(config, Mailbox(free_port()), ADA)
    assert send_notices(down, instance, morning(23)).waiting == 1  # Monday's isn't delivered
    publish_lists(config, thursday, FRIDAY, SATURDAY, SUNDAY, MONDAY, **red_since("c", FRIDAY))
    assert send_notices(here, instance, morning(24)) == SendResult(1, 0, ())
    assert "of Monday, November 23, compared with Thursday, November 19" in mailbox.texts[1]
    assert "Late: 1 turned red" in mailbox.texts[1]


def test_a_server_that_is_down_gets_each_digest_once_when_it_is_back(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    """The webhook gets none in the meantime."""
    publish_lists(config, SATURDAY, SUNDAY)
    port = free_port()
    here = with_digest(config, Mailbox(port), webhook_url=webhook.url)
    first = send_notices(here, instance, morning(23))
    assert (first.sent, first.waiting, len(first.remarks)) == (0, 3, 1)
    with mail_server(port=port) as mailbox:
        assert send_notices(here, instance, morning(23, 6, 1)) == SendResult(3, 0, ())
        assert send_notices(here, instance, morning(23, 7)) == SendResult(0, 0, ())
    assert sorted(mailbox.receivers) == [ADA, BEN, CAM]
    assert webhook.posted == []


def test_an_entitlement_that_was_withdrawn_counts_at_once(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    """Also for a digest that waits to be sent."""
    publish_lists(config, SATURDAY, SUNDAY, staff=[*STAFF, ("B2", BEN, "provider", "P2", True)])
    here = with_digest(config, mailbox, BEN, CAM)
    assert send_notices(here, instance, morning(23)).sent == 2
    assert "scope=provider:P2" in mailbox.texts[mailbox.receivers.index(BEN)]
    publish_lists(config, SATURDAY, SUNDAY, MONDAY)
    down = with_digest(config, Mailbox(free_port()), BEN, CAM)
    assert send_notices(down, instance, morning(24)).waiting == 2
    publish_lists(config, SUNDAY, MONDAY, TUESDAY, staff=STAFF[:2])
    assert send_notices(here, instance, morning(24, 20)) == SendResult(1, 0, ())
    assert mailbox.receivers[2:] == [BEN]
    assert "scope=provider:P2" not in mailbox.texts[2]


def test_an_address_that_is_taken_off_the_list_gets_nothing_that_waits(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    publish_lists(config, SATURDAY, SUNDAY)
    send_notices(with_digest(config, Mailbox(free_port())), instance, morning(23))
    assert send_notices(with_digest(config, mailbox, ADA), instance, morning(23, 8)) == SendResult(1, 0, ())
    assert mailbox.receivers == [ADA]


@pytest.mark.parametrize("refused", [ADA, BEN, CAM])
def test_an_address_that_is_refused_delays_nobody_else(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, refused: str
) -> None:
    publish_lists(config, SATURDAY, SUNDAY)
    mailbox.unknown = {refused}
    remark = f"mail: 127.0.0.1:{mailbox.port} refuses an address in YACP_DIGEST_TO"
    assert send_notices(with_digest(config, mailbox), instance, morning(23)) == SendResult(2, 1, (remark,))
    mailbox.unknown = set()
    assert send_notices(with_digest(config, mailbox), instance, morning(23, 7)) == SendResult(1, 0, ())
    assert sorted(mailbox.receivers) == [ADA, BEN, CAM]


def test_other_notices_go_first_and_despite_a_list_that_cannot_be_read(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    publish_lists(config, SATURDAY, SUNDAY)
    here = with_digest(config, mailbox, ADA)
    assert here.digest_to
    here.digest_to.rename(config.home / "elsewhere.txt")
    first = send_notices(here, instance, morning(23))
    assert (first.sent, first.waiting) == (0, 0)
    assert f"YACP_DIGEST_TO: {here.digest_to} can't be read as text" in str(first)
    (config.home / "elsewhere.txt").rename(here.digest_to)
    late = configured(here, mailbox, digest_to=here.digest_to, digest_url=here.digest_url, late_after="06:00")
    publish_lists(config, SATURDAY, at=morning(23, 7))  # and Sunday isn't
    assert send_notices(late, instance, morning(23, 8)).sent == 2
    assert mailbox.subjects[0] == "[yacp] 2026-11-22 is late"
