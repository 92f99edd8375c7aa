def test_the_home_page_answers(client, alice, as_):
    assert as_(alice).get("/").status_code == 200
