"""The exceptions for invalid input."""


class InputError(ValueError):
    """Raised if the input of the user is invalid.

    The message says in one or two sentences where the fault is, what was found, what was expected and how to correct
    it. The command line prints it and exits with status 2; any other exception is a bug in recurra.
    """


class InputTypeError(InputError, TypeError):
    """Raised if an argument has the wrong type."""
