"""A participant: a browser that reads pages and sends what is in them."""

import re

from django.test import Client

ACTION = re.compile(r'<form method="post"\s+action="([^"]+)"')
HOLDER = re.compile(r'name="holder" value="([^"]+)"')


class Participant:
    def __init__(self, token, *, blocks_cookies=False):
        self.browser = Client(enforce_csrf_checks=True)
        self.blocks_cookies = blocks_cookies
        self.token = token
        self.address = ""
        self.shown = None

    def begin(self, query=""):
        answer = self.browser.post(f"/take/{self.token}/{query}")
        assert answer.status_code == 302, answer.content.decode()
        self.address = answer["Location"]
        return self.look()

    def look(self):
        if self.blocks_cookies:
            self.browser.cookies.clear()
        self.shown = self.browser.get(self.address)
        return self.shown

    @property
    def key(self):
        return self.address.split("/")[2]

    @property
    def text(self):
        return self.shown.content.decode()

    @property
    def title(self):
        return re.search(r"<h1>\s*(.*?)\s*</h1>", self.text)[1]

    def send(self, page=None, **values):
        """Send a page, the one that is shown unless another is given, and follow."""
        text = page or self.text
        data = {name.replace("item_", "item-"): value for name, value in values.items()}
        data["holder"] = HOLDER.search(text)[1]
        if self.blocks_cookies:
            self.browser.cookies.clear()
        answer = self.browser.post(ACTION.search(text)[1], data)
        if answer.status_code == 302:
            self.address = answer["Location"]
            self.look()
        else:
            self.shown = answer
        return answer
