"""Finding a lab's function, checking what it is called with and what it returns."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

Function = Callable[..., Any]
LONGEST_WORDS = 100_000
LONGEST_NAME = 255


class Wrong(Exception):
    """The function cannot be called like that, or returned what nobody can use."""


def find(call: str) -> Function:
    """Return the function of a dotted name; it is one that its own package defines.

    Raises
    ------
    Wrong
        There is none. What importing its module raises is passed on.
    """
    module, _, name = call.rpartition(".")
    if any(word.startswith("_") for word in call.split(".")):
        raise Wrong(f"{call} is private to its package.")
    found = getattr(import_module(module), name, None)
    if not inspect.isfunction(found):
        raise Wrong(f"{module} has no function {name!r}.")
    if found.__module__.partition(".")[0] != call.partition(".")[0]:
        raise Wrong(f"{call} is a function of {found.__module__}, not of the lab's own package.")
    return found


def check(function: Function, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that a function does not take, or takes as another type.

    Raises
    ------
    Wrong
        It names the argument.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(None, **arguments)
    except TypeError as error:
        raise Wrong(f"{function.__name__}{signature}: {error}.") from None
    for name, value in arguments.items():
        hint = _hint(function, name)
        if not fits(value, hint):
            wanted = getattr(hint, "__name__", hint)
            raise Wrong(f"{name} is {value!r}, and {function.__name__} wants {wanted}.")


def _hint(function: Function, name: str) -> Any:
    """Return the type that a function names for an argument; any where it names none."""
    hint = function.__annotations__.get(name, Any)
    return eval(hint, function.__globals__) if isinstance(hint, str) else hint  # noqa: S307  the lab's own code


def fits(value: Any, hint: Any) -> bool:
    """Say whether a JSON value is of a type; a whole number is also a float, but no truth."""
    if hint is Any:
        return True
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return any(fits(value, part) for part in parts)
    if origin is typing.Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if origin is not None:
        return _holds(value, origin, parts)
    if hint is float:
        return type(value) in {int, float}
    return type(value) is (type(None) if hint is None else hint)


def _holds(value: Any, origin: Any, parts: tuple[Any, ...]) -> bool:
    """Say whether a list or an object holds what it should."""
    if isinstance(value, list) and issubclass(list, origin):
        return all(fits(each, parts[0]) for each in value)
    if isinstance(value, dict) and issubclass(dict, origin):
        return all(fits(each, parts[1]) for each in value.values())
    return False


def shaped(kind: str, call: str, result: Any) -> Any:
    """Return what a function said, in the one form that its use has.

    Raises
    ------
    Wrong
        It says what was returned and what may be.
    """
    return SHAPES[kind](call, plain(result))


def plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers and lists of numerical packages become plain ones."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if not isinstance(value, str | int | float | None) and hasattr(value, "tolist"):
        return value.tolist()
    return value


def _condition(call: str, result: Any) -> bool:
    if not isinstance(result, bool):
        raise Wrong(f"{call} returned {result!r:.200}; a condition returns True or False.")
    return result


def _drawn(call: str, result: Any) -> dict[str, Any] | None:
    """None: nothing is left. A name is a stimulus; an object may also hold what is shown."""
    if result is None:
        return None
    drawn = {"stimulus": result} if isinstance(result, str) else result
    if not isinstance(drawn, dict) or drawn.keys() - {"stimulus", "text", "timeline", "data"}:
        raise Wrong(
            f"{call} returned {result!r:.200}; a draw returns a stimulus's name, None when nothing "
            "is left, or an object of stimulus, text, timeline and data."
        )
    _needs_text(call, drawn, "stimulus", LONGEST_NAME)
    _needs_text(call, drawn, "text", LONGEST_WORDS)
    if not isinstance(drawn.get("timeline", []), list | dict):
        raise Wrong(f"{call} returned a timeline that is neither a list nor an object.")
    return drawn


def _needs_text(call: str, drawn: Mapping[str, Any], name: str, longest: int) -> None:
    found = drawn.get(name, "")
    if not isinstance(found, str) or len(found) > longest or "\0" in found:
        raise Wrong(f"{call} returned {found!r:.200} as {name}; it is a text of at most {longest}.")


def _said(call: str, result: Any) -> dict[str, Any] | None:
    drawn = {"text": result} if isinstance(result, str) else result
    if drawn is not None and not (isinstance(drawn, dict) and drawn.get("text")):
        raise Wrong(f"{call} returned {result!r:.200}; feedback is a text, or an object with one.")
    return _drawn(call, drawn)


def _recorded(call: str, result: Any) -> dict[str, Any]:
    """Return what is stored besides, or what the participant is told instead."""
    if result is None or result is True:
        return {}
    if result is False:
        return {"refused": "Please check your answers."}
    if isinstance(result, str) and result:
        return {"refused": result[:LONGEST_WORDS]}
    if isinstance(result, dict) and all(0 < len(name) <= LONGEST_NAME for name in result):
        return {"also": result}
    raise Wrong(
        f"{call} returned {result!r:.200}; record returns True or None to store, a text to ask "
        "again, or an object of further values to store."
    )


def _any(_call: str, result: Any) -> Any:
    return result


SHAPES: Mapping[str, Callable[[str, Any], Any]] = {
    "condition": _condition,
    "draw": _drawn,
    "feedback": _said,
    "record": _recorded,
    "report": _any,
    "afterwards": _any,
}
