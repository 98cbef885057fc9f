"""An expression that cannot be used, and the place in it."""


class BadText(ValueError):
    """`why` is one line; `text`, `line` and `column` (both from 1) are where. As text: three lines, with a caret."""

    def __init__(self, why: str, text: str, line: int, column: int) -> None:
        self.why, self.text, self.line, self.column = why, text, line, column
        super().__init__(why)

    def __str__(self) -> str:
        return "\n".join((self.why, *self.pointed()))

    def pointed(self) -> tuple[str, str]:
        """The line of the expression, and a caret under the place."""
        lines = self.text.splitlines() or [""]
        shown = lines[min(self.line, len(lines)) - 1].replace("\t", " ")
        return shown, " " * (self.column - 1) + "^"
