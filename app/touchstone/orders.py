"""Orders of n conditions over participants: squares and permutations, as rows of numbers.

Williams, E. J. (1949). Experimental designs balanced for the estimation of residual effects of
treatments. Australian Journal of Scientific Research A, 2, 149-168.
"""

from math import factorial

Row = tuple[int, ...]


def latin(n: int, row: int) -> Row:
    """Return a row of the cyclic square: each condition once in each place of n rows."""
    return tuple((row + place) % n for place in range(n))


def balanced(n: int, row: int) -> Row:
    """Return a row of Williams' square: each condition follows each other one equally often.

    It has n rows when n is even, and 2n when n is odd: the second half runs backwards.
    """
    line = tuple((row + _zigzag(place, n)) % n for place in range(n))
    is_mirrored = n % 2 == 1 and row % (2 * n) >= n
    return line[::-1] if is_mirrored else line


def _zigzag(place: int, n: int) -> int:
    """Return 0, 1, n-1, 2, n-2, …: steps between neighbours are all different."""
    return (place + 1) // 2 if place % 2 else (n - place // 2) % n


def permutation(n: int, row: int) -> Row:
    """Return one of the n! orders, counted in the order of a dictionary."""
    left = list(range(n))
    row %= factorial(n)
    found = []
    for size in range(n, 0, -1):
        place, row = divmod(row, factorial(size - 1))
        found.append(left.pop(place))
    return tuple(found)


def rows_of(order: str, n: int) -> int:
    """Return how many participants see each order of n conditions once."""
    if order == "latin":
        return max(n, 1)
    if order == "balanced":
        return max(n, 1) if n % 2 == 0 or n == 1 else 2 * n
    return factorial(n) if order == "all" else 1
