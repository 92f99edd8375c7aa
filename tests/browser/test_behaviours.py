"""What happens under the fingers: keys, menus, messages, confirmations."""

from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from playwright.sync_api import expect


@pytest.fixture
def at_home(window, world):
    page = window(world.alice)
    page.goto("/")
    return page


def test_the_slash_key_goes_to_the_search(at_home):
    at_home.keyboard.press("/")
    expect(at_home.locator("#search")).to_be_focused()
    expect(at_home.locator("#search")).to_have_value("")


def test_on_a_phone_the_slash_key_opens_the_search_page(window, world):
    page = window(world.alice, width=390, height=844)
    page.goto("/")
    page.keyboard.press("/")
    expect(page.get_by_role("heading", name="Search")).to_be_visible()


def test_a_slash_in_a_field_is_a_slash(at_home):
    at_home.locator("#search").fill("a")
    at_home.keyboard.press("/")
    expect(at_home.locator("#search")).to_have_value("a/")


def test_what_is_searched_for_is_found_and_opened(at_home):
    at_home.keyboard.press("/")
    at_home.keyboard.type("memory")
    at_home.keyboard.press("Enter")
    at_home.locator("main").get_by_role("link", name="Memory and sleep").click()
    expect(at_home.locator("h1")).to_have_text("Memory and sleep")


def test_the_project_switch_leads_to_a_project(at_home):
    at_home.locator(".project-switch summary").click()
    at_home.locator(".project-switch").get_by_role("link", name="Contrast detection").click()
    expect(at_home.locator("h1")).to_have_text("Contrast detection")


def test_a_menu_closes_by_escape_and_gives_the_focus_back(at_home):
    menu = at_home.locator(".me summary")
    menu.click()
    at_home.keyboard.press("Escape")
    expect(at_home.locator(".me .menu-panel")).to_be_hidden()
    expect(menu).to_be_focused()


def test_a_menu_closes_by_a_click_elsewhere(at_home):
    at_home.locator(".me summary").click()
    at_home.locator("h1").click()
    expect(at_home.locator(".me .menu-panel")).to_be_hidden()


def test_the_first_tab_leads_past_the_frame(at_home):
    at_home.keyboard.press("Tab")
    expect(at_home.locator(".skip")).to_be_focused()
    at_home.keyboard.press("Enter")
    expect(at_home.locator("#content")).to_be_focused()


def test_chosen_colours_stay_on_the_next_page(at_home):
    at_home.get_by_role("button", name="Dark").click()
    at_home.goto("/jobs/")
    expect(at_home.locator("html")).to_have_attribute("data-theme", "dark")
    paper = at_home.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in paper[4:-1].split(",")) < 100


def test_a_list_is_walked_by_keys(window, world):
    page = window(world.alice)
    page.goto("/jobs/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    name = page.locator("tr.is-here th").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(name)


def test_a_dangerous_button_waits_for_the_typed_words(window, world):
    page = window(world.olga)
    page.goto("/components/")
    button = page.get_by_role("button", name="Delete the project")
    expect(button).to_be_disabled()
    page.get_by_label("Type Memory to confirm").fill("Memory")
    expect(button).to_be_enabled()


def asked_by_htmx(page, status, body, **headers):
    """Let htmx ask for a page that is answered like this."""
    headers = {"Content-Type": "text/html", **headers}
    page.route("**/asked/", lambda route: route.fulfill(status=status, body=body, headers=headers))
    page.evaluate("htmx.ajax('GET', '/asked/', {target: 'h1', swap: 'innerHTML'}).catch(() => 0)")


@pytest.mark.parametrize("status", [403, 404, 409, 422, 423, 429, 503])
def test_a_refusal_is_shown_in_the_message_area(at_home, complaints, status):
    heading = at_home.locator("h1").inner_text()
    asked_by_htmx(at_home, status, "<p>Tablet 3 has this run.</p>")
    expect(at_home.locator("#messages")).to_have_text("Tablet 3 has this run.")
    expect(at_home.locator("h1")).to_have_text(heading)
    complaints.clear()  # the browser notes each refused request, as it should


@pytest.mark.parametrize("status", [500, 502])
def test_an_answer_without_words_is_given_some(at_home, complaints, status):
    asked_by_htmx(at_home, status, "Traceback: a secret")
    expect(at_home.locator("#messages")).to_contain_text("did not answer as expected")
    expect(at_home.locator("body")).not_to_contain_text("a secret")
    complaints.clear()


def test_a_lost_connection_is_said(at_home, complaints):
    at_home.route("**/asked/", lambda route: route.abort())
    at_home.evaluate("htmx.ajax('GET', '/asked/', {target: 'h1'}).catch(() => 0)")
    expect(at_home.locator("#messages")).to_contain_text("did not answer as expected")
    complaints.clear()


def test_a_fragment_brings_its_behaviours_along(at_home):
    asked_by_htmx(
        at_home,
        200,
        '<details id="new" data-behaviour="menu"><summary>New</summary>Inside</details>',
    )
    at_home.locator("#new summary").click()
    at_home.keyboard.press("Escape")
    expect(at_home.locator("#new")).not_to_have_attribute("open", "")


def test_nothing_that_arrives_by_htmx_is_evaluated(at_home, complaints):
    asked_by_htmx(at_home, 200, "<script>window.evil = 1</script><i onclick='evil()'>x</i>")
    expect(at_home.locator("h1 i")).to_have_text("x")
    assert at_home.evaluate("window.evil") is None
    complaints.clear()


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_the_areas_are_at_the_thumb(window, world, width):
    page = window(world.olga, width=width, height=640)
    page.goto("/")
    box = page.locator(".rail").bounding_box()
    assert box["y"] + box["height"] == 640
    assert page.locator(".rail li:visible").count() <= 5
    heights = [link.bounding_box()["height"] for link in page.locator(".rail a:visible").all()]
    assert min(heights) >= 44


def test_on_paper_only_the_work_remains(window, world):
    page = window(world.alice)
    page.goto("/jobs/")
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator(".table")).to_be_visible()


@pytest.fixture
def collected(settings, tmp_path):
    """Collect the static files as a release does; return the folder of hashed files."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {
            "BACKEND": "common.static_storage.ReleaseStaticStorage",
            "OPTIONS": {"manifest_folder": str(tmp_path / "release")},
        },
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return settings.STATIC_ROOT


def test_hashed_files_work_as_their_sources_do(collected, window, world):
    page = window(world.alice)
    page.route("**/static/**", lambda route: route.fulfill(path=served(collected, route.request)))
    page.goto("/jobs/")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    assert page.evaluate("htmx.config.allowEval") is False
    assert page.evaluate("getComputedStyle(document.querySelector('.frame')).display") == "grid"


def served(folder, request):
    return folder / urlsplit(request.url).path.removeprefix("/static/")


@pytest.mark.parametrize("address", ["/", "/admin/", "/ops/releases/"])
def test_staging_wears_an_amber_band(window, world, settings, pictures, address):
    settings.ENVIRONMENT = settings.SITE_NAME = "staging"
    page = window(world.olga)
    page.goto(address)
    page.screenshot(path=pictures / f"staging{address.replace('/', '-')}.png")
    band = page.locator(".band")
    expect(band).to_contain_text("Staging")
    assert band.evaluate("it => getComputedStyle(it).backgroundColor") == "rgb(246, 178, 27)"


def test_without_scripts_a_dangerous_button_still_asks_for_the_words(window, world):
    page = window(world.carol)
    page.route("**/*.js", lambda route: route.abort())
    page.goto("/accounts/projects/alder/memory/")
    button = page.get_by_role("button", name="Archive the project")
    expect(button).to_be_enabled()
    for words in ("", "Memory and"):
        page.get_by_label("Type Memory and sleep to confirm").fill(words)
        button.click()
        expect(page.locator(".badge", has_text="current")).to_be_visible()
    page.get_by_label("Type Memory and sleep to confirm").fill("Memory and sleep")
    button.click()
    expect(page.locator(".badge", has_text="archived")).to_be_visible()


def test_columns_and_order_are_chosen_in_a_menu(window, world):
    page = window(world.carol)
    page.goto("/accounts/labs/alder/?role=experimenter")
    page.get_by_text("Columns and order").click()
    page.get_by_label("E-mail").uncheck()
    page.get_by_label("Sort by").select_option("-joined")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="E-mail")).to_have_count(0)
    expect(page.locator("[aria-sort=descending]")).to_have_text("Joined")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Person").first.click()
    expect(page.locator("[aria-sort=ascending]")).to_have_text("Person")
    expect(page.get_by_role("columnheader", name="E-mail")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_a_row_is_a_card_within_the_screen(window, world, width):
    page = window(world.carol, width=width, height=700)
    page.goto("/accounts/labs/alder/")
    inner, outer = page.locator(".table"), page.locator(".table-scroll")
    assert inner.bounding_box()["width"] <= outer.bounding_box()["width"]
    label = page.locator("td[data-label=Role]").first
    assert "Role" in label.evaluate("it => getComputedStyle(it, '::before').content")


def test_what_needs_me_leads_to_where_it_is_seen_to(window, world):
    page = window(world.alice)
    page.goto("/")
    page.get_by_role("link", name="Look at the job").click()
    expect(page.locator("h1")).to_have_text("Export of session 12")
