from pipeline import redaction


def of(tmp_path, text):
    (tmp_path / "secrets.env").write_text(text)
    return redaction.of_file(tmp_path / "secrets.env")


def test_a_secret_is_replaced_by_its_name(tmp_path):
    redact = of(tmp_path, "# keys\nSTUDIUM_SECRET_KEY=s3ntinel-value\n")
    assert redact("key s3ntinel-value!") == "key [STUDIUM_SECRET_KEY]!"


def test_the_password_inside_an_address_is_replaced_in_every_spelling(tmp_path):
    redact = of(tmp_path, "DATABASE_URL=postgresql://me:p%40ssw0rd@db/x\n")
    said = redact("p@ssw0rd and p%40ssw0rd")
    assert "ssw0rd" not in said


def test_the_longer_secret_goes_first(tmp_path):
    redact = of(tmp_path, "A=abcdef\nB=abcdefgh\n")
    assert redact("abcdefgh") == "[B]"


def test_a_word_too_short_to_be_a_secret_stays(tmp_path):
    assert of(tmp_path, "A=on\n")("turn on") == "turn on"


def test_without_a_file_nothing_is_changed(tmp_path):
    assert redaction.of_file(tmp_path / "absent")("as it is") == "as it is"


def test_an_address_that_cannot_be_read_is_replaced_as_a_whole(tmp_path):
    redact = of(tmp_path, "DATABASE_URL=postgresql://me:p[ssw0rd@db/x\n")
    assert redact("to postgresql://me:p[ssw0rd@db/x") == "to [DATABASE_URL]"
