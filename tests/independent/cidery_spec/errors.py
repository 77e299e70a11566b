"""SPEC 13: refusals."""

from __future__ import annotations


class Refused(Exception):
    """Something is not as SPEC.md asks for; `code` is a word of section 13."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def require(condition: bool, code: str, message: str) -> None:
    """Refuses with `code` unless `condition` holds."""
    if not condition:
        raise Refused(code, message)
