"""What goes wrong for a reason that the user can remove."""


class ProgramError(Exception):
    """A program that can neither be found nor built. The text is for the user and ends with what to do."""
