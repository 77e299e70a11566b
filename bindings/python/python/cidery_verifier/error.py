"""What is raised when something is refused."""


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

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class LoadError(CideryError, ImportError):
    """The compiled part of the package cannot be loaded: an ``ImportError`` with the code ``environment``."""
