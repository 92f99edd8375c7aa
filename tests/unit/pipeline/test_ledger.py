import json
from concurrent.futures import ThreadPoolExecutor

from pipeline import ledger


def rows(path, count):
    return [ledger.append(path, {"kind": "push", "to": str(number)}) for number in range(count)]


def test_each_row_names_the_hash_of_the_one_before(tmp_path):
    first, second = rows(tmp_path / "l", 2)
    assert (first["n"], second["n"]) == (1, 2)
    assert second["previous"] == first["hash"]
    assert ledger.verify(tmp_path / "l") == []


def test_a_changed_row_shows(tmp_path):
    path = tmp_path / "l"
    rows(path, 3)
    path.write_text(path.read_text().replace('"to": "1"', '"to": "7"'))
    assert ledger.verify(path) == ["Line 2 was changed after it was written."]


def test_a_removed_row_shows(tmp_path):
    path = tmp_path / "l"
    rows(path, 3)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[2])
    assert ledger.verify(path) == ["Line 2: a row before it was changed, removed or inserted."]


def test_a_changed_row_with_a_new_hash_shows_in_the_next(tmp_path):
    path = tmp_path / "l"
    made = rows(path, 2)
    forged = {**made[0], "to": "9"}
    forged["hash"] = ledger._digest(forged)
    path.write_text(json.dumps(forged) + "\n" + json.dumps(made[1]) + "\n")
    assert ledger.verify(path) == ["Line 2: a row before it was changed, removed or inserted."]


def test_half_a_line_of_a_power_cut_does_not_stop_the_ledger(tmp_path):
    path = tmp_path / "l"
    rows(path, 1)
    with path.open("a") as file:
        file.write('{"n": 2, "ki')
    ledger.append(path, {"kind": "push"})
    assert [row["n"] for row in ledger.read(path)] == [1, 2]
    assert ledger.verify(path) == ["Line 2 is not a row."]


def test_writers_at_once_make_one_chain(tmp_path):
    path = tmp_path / "l"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ledger.append(path, {"to": n}), range(40)))
    assert [row["n"] for row in ledger.read(path)] == list(range(1, 41))
    assert ledger.verify(path) == []
