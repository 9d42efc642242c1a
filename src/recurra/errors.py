"""The one error that says: the input is at fault, and this is how to mend it."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message says in one or two sentences where, what was found, what was expected and how to mend it.
    The command line prints it and exits with status 2; every other exception is a fault of ours.
    """
