"""What is wrong with a document, and where."""


class DesignError(Exception):
    """A design that cannot be read, written or made, with what to do about it.

    ``line`` and ``column`` count from 1; 0 says that there is no such place. ``field`` names the
    part of a recipe.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0, *, field: str = "") -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column
        self.field = field

    def __str__(self) -> str:
        return f"{self._place}: {self.message}" if self._place else self.message

    @property
    def _place(self) -> str:
        if self.field:
            return self.field
        column = f", column {self.column}" if self.column else ""
        return f"Line {self.line}{column}" if self.line else ""
