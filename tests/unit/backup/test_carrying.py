"""A set on its way to another host: checked on arrival, and nothing that was not announced."""

import io
import json
import tarfile

import pytest
from tests.unit.backup.conftest import add, stamp

from backup import carrying, manifests
from backup.errors import Damaged
from backup.files import digest


def sent(store, identity, present=()):
    out = io.BytesIO()
    carrying.send(store, identity, present, out)
    return out.getvalue()


def test_a_set_arrives_whole(here, there):
    one = add(here, stamp(), uploads=(b"photo", b"film"))
    carrying.receive(there, io.BytesIO(sent(here, one)))
    assert there.check(one).objects == here.check(one).objects


def test_what_is_there_already_is_not_sent_again(here, there):
    first = add(here, stamp(2), uploads=(b"photo" * 9999,))
    carrying.receive(there, io.BytesIO(sent(here, first)))
    second = add(here, stamp(1), uploads=(b"photo" * 9999, b"new"))
    stream = sent(here, second, carrying.present(there))
    assert b"photophoto" not in stream
    carrying.receive(there, io.BytesIO(stream))
    assert there.check(second)


@pytest.mark.parametrize("cut", [0, 600, 5000, 9000])
def test_a_stream_that_is_cut_off_leaves_nothing(here, there, cut):
    one = add(here, stamp(), dump=b"x" * 8000)
    with pytest.raises(Damaged):
        carrying.receive(there, io.BytesIO(sent(here, one)[:cut]))
    assert there.ids() == []
    assert list(there.sets.iterdir()) == []


def test_a_flipped_byte_on_the_way_is_found(here, there):
    one = add(here, stamp(), dump=b"rows of a dump")
    with pytest.raises(Damaged, match="another checksum"):
        carrying.receive(there, io.BytesIO(sent(here, one).replace(b"rows of", b"rowz of")))
    assert there.ids() == []


@pytest.mark.parametrize("name", ["../../etc/cron.d/evil", "/etc/passwd", "unknown.dump"])
def test_what_was_not_announced_is_refused(here, there, name):
    one = add(here, stamp())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|") as stream:
        stream.add(here.set(one) / manifests.NAME, manifests.NAME)
        stream.add(here.set(one) / "database.dump", name)
    with pytest.raises(Damaged, match="not announced"):
        carrying.receive(there, io.BytesIO(out.getvalue()))
    assert there.ids() == []


def test_a_link_instead_of_a_file_is_refused(here, there):
    one = add(here, stamp())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|") as stream:
        stream.add(here.set(one) / manifests.NAME, manifests.NAME)
        link = tarfile.TarInfo("database.dump")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        stream.addfile(link)
    with pytest.raises(Damaged, match="not announced"):
        carrying.receive(there, io.BytesIO(out.getvalue()))


def test_a_set_that_lacks_a_file_does_not_count_as_whole(here, there):
    one = add(here, stamp())
    told = json.loads((here.set(one) / manifests.NAME).read_text())
    known = digest(here.set(one) / "database.dump")
    told["files"]["ledger.jsonl"] = {"sha256": known.sha256, "size": known.size}
    (here.set(one) / manifests.NAME).write_text(json.dumps(manifests.signed(told)))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|") as stream:
        for name in (manifests.NAME, "database.dump"):
            stream.add(here.set(one) / name, name)
    with pytest.raises(Damaged):
        carrying.receive(there, io.BytesIO(out.getvalue()))
