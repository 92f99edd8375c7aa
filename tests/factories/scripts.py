"""A lab's own package of functions, and protocols that call them."""

from typing import Any

from tests.factories.experiments import WORDS

CODE = r'''
"""What a lab wrote."""

import os
import time


def alternate(here):
    return here.position % 2 == 0


def liked_it(here, *, least: int = 5):
    return (here.latest("liked") or 0) >= least


def draw(here, *, most: int = 100):
    if len(here.visits) >= most:
        return None
    return {"stimulus": f"tune-{here.rng.randrange(10**9)}", "data": {"seen": sorted(here.shown)}}


def counted(here, *, file: str):
    """Leave a trace of each call."""
    with open(file, "a") as log:
        log.write("called\n")
    time.sleep(0.4)
    return "one"


def tell(here):
    return f"You are at {here.position}, and said {here.latest('age')}."


def mended(here, *, file: str):
    if not os.path.exists(file):
        print("looking for", file)
        raise FileNotFoundError("the list of melodies")
    return "found"


def loop(here):
    while True:
        pass


def sleep(here):
    time.sleep(1000)


def hog(here):
    return [bytearray(2**20) for _ in range(10**6)]


def leave(here):
    os._exit(7)


def secrets(here):
    return {"text": " ".join(sorted(os.environ)) or "nothing"}


def nonsense(here):
    return {1, 2}


def typed(here, *, n: int, x: float = 1.0, words: list[str] | None = None, how: str = "a"):
    return True


def judge(here, *, least: int = 20):
    age = here.sent["age"]
    if age == 99:
        return "You **cannot** be 99."
    if age == 98:
        raise RuntimeError("no idea")
    return {"months": age * 12, "is_old": age > 60} if age >= least else None


def large(here):
    return {"data": {"x": "y" * (3 * 2**20)}}


def spoils(here):
    for number in range(3, 64):
        try:
            os.write(number, b"nonsense")
        except OSError:
            pass
    return "tune"


def unprintable(here, *, raises: bool = False):
    if raises:
        raise ValueError("a\0b \ud800")
    return {"stimulus": "tune", "data": {"a\0": ["\ud800", 10**30]}}


def chatters(here):
    while True:
        print("x" * 100_000)


def leaves_somebody_behind(here, *, file: str):
    if os.fork() == 0:
        time.sleep(1)
        with open(file, "w") as log:
            log.write("I am still here")
        os._exit(0)
    return "tune"


def line(here, *, file: str = ""):
    if file and not os.path.exists(file):
        raise FileNotFoundError(file)
    return {"age": here.latest("age"), "pages": len(here.visits), "status": here.run.status}


def _hidden(here):
    return True
'''


def package(folder: Any, name: str = "toylab", code: str = CODE) -> Any:
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    (own / "__init__.py").write_text("")
    (own / "melodies.py").write_text(code)
    return own


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"call": f"toylab.melodies.{name}"} | ({"with": arguments} if arguments else {})


def words(*flow: dict[str, Any], **more: Any) -> dict[str, Any]:
    end = {"name": "end", "kind": "end", "title": "Thank you", "text": "That was all."}
    return WORDS | {"flow": [*flow, end]} | more
