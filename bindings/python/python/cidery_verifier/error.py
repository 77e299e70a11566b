"""What is raised when something is refused."""

from __future__ import annotations

from typing import Optional


class CideryError(Exception):
    """A refusal: a code of SPEC §13, and a message that names its causes.

    >>> from cidery_verifier import CideryError, parse_reference
    >>> try:
    ...     parse_reference("acme/hello@^1")
    ... except CideryError as error:
    ...     print(error.code)
    name.malformed

    A wrong argument has the code ``usage``. A defect of Cidery itself has the code ``internal``, and the next call works.
    """

    #: Why, as one word: ``log.stale``, ``cid.mismatch``, …
    code: str
    #: The same in words.
    message: str
    #: What can be done about it, where something can.
    hint: Optional[str]
    #: The place, from 0, of what is refused, where it is one of a list.
    at: Optional[int]

    def __init__(self, code: str, message: str, hint: Optional[str] = None, at: Optional[int] = None) -> None:
        super().__init__(code, message, hint, at)
        self.code = code
        self.message = message
        self.hint = hint
        self.at = at

    def __str__(self) -> str:
        return self.message


class LoadError(CideryError, ImportError):
    """The compiled part of the package cannot be loaded: an ``ImportError`` with the code ``environment``."""
