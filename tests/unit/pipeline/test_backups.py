"""How a night went stands in the ledger, once."""

import json

import pytest

from pipeline import backups, ledger, status
from pipeline import site as sites
from pipeline.errors import Refused

NIGHT = {
    "began": "2026-11-21T02:17:00+00:00",
    "ended": "2026-11-21T02:19:00+00:00",
    "outcome": "proven",
    "message": "20261121T021700Z: 35 tables, 210 rows",
    "damaged": {},
}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site.toml").write_text(f'[backup]\nreport = "{tmp_path}/report.json"\n')
    return sites.load(tmp_path / "site.toml", is_here=False)


def tell(site, **facts):
    (site.root / "report.json").write_text(json.dumps(NIGHT | facts))


def test_a_proven_night_is_one_row_however_often_it_is_recorded(site):
    tell(site)
    backups.record(site)
    assert "already" in backups.record(site)
    [row] = ledger.read(site.ledger)
    assert (row["kind"], row["outcome"], row["who"]) == ("backup", "proven", "backup")
    assert row["reason"] == "20261121T021700Z: 35 tables, 210 rows"
    assert ledger.verify(site.ledger) == []


def test_a_failed_night_and_a_damaged_set_are_failures(site):
    tell(site, outcome="failed", message="There is no room")
    backups.record(site)
    tell(site, damaged={"20261120T021700Z": "not what was written: database.dump"})
    backups.record(site)
    assert [row["outcome"] for row in ledger.read(site.ledger)] == ["failed", "failed"]
    assert "damaged: 20261120T021700Z" in ledger.read(site.ledger)[1]["reason"]


def test_without_a_report_nothing_is_recorded(site):
    with pytest.raises(Refused, match="no report"):
        backups.record(site)
    assert ledger.read(site.ledger) == []


def test_a_row_of_a_backup_is_a_line_like_any_other(site):

    tell(site)
    backups.record(site)
    [line] = status.log_lines(ledger.read(site.ledger))
    assert "proven" in line
    assert "210 rows" in line
