import os

import pytest

from pipeline import options, processes
from pipeline.errors import Refused


def pushed(*given):
    facts = {f"GIT_PUSH_OPTION_{number}": text for number, text in enumerate(given)}
    return facts | {"GIT_PUSH_OPTION_COUNT": str(len(given))}


def test_an_option_carries_its_reason():
    found = options.of_push(pushed("backup-first=a big change"))
    assert found == {"backup-first": "a big change"}


def test_an_unknown_option_is_refused_with_the_list():
    with pytest.raises(Refused) as refusal:
        options.of_push(pushed("no-pip=why not"))
    assert all(name in str(refusal.value) for name in options.KNOWN)


def test_an_option_without_a_reason_is_refused():
    with pytest.raises(Refused, match="needs a reason"):
        options.of_push(pushed("backup-first"))


def test_a_push_without_options_has_none():
    assert options.of_push({}) == {}


def test_pre_receive_hands_the_options_to_update_once(site):
    parent = processes.of(os.getpid())
    options.hand_over(site, parent, {"backup-first": "why"})
    assert options.take_over(site, parent) == {"backup-first": "why"}
    assert options.take_over(site, parent) == {}


def test_what_a_vanished_push_left_is_cleared_by_the_next(site):
    options.hand_over(site, processes.Process(os.getpid(), 1), {"backup-first": "old"})
    options.hand_over(site, processes.of(os.getpid()), {})
    assert len(list((site.run / "push-options").iterdir())) == 1


def test_hosts_to_leave_out_keep_their_reasons_apart():
    given = pushed("without-host=app2: its disk", "without-host=jobs1: moved: twice")
    found = options.of_push(given)
    assert options.left_out(found) == {"app2": "its disk", "jobs1": "moved: twice"}


@pytest.mark.parametrize("value", ["app2", "app2:", ": why"])
def test_a_host_is_not_left_out_without_its_name_and_a_reason(value):
    with pytest.raises(Refused, match="names a host and a reason"):
        options.of_push(pushed(f"without-host={value}"))


def test_nobody_pushes_to_the_main_host_in_anothers_name(site):
    given = options.of_push(pushed("carried-for=olga: 20260101T000000000000Z-0123456789ab"))
    assert options.sender(given) == "olga"
    with pytest.raises(Refused, match="your key says who you are"):
        options.check_sender(site, given)
