"""What goes wrong with a lab for a reason that the user can remove."""


class LabError(Exception):
    """A lab that cannot start, is not there, or cannot do what was asked. The text ends with what to do."""


class NotRunning(LabError):
    """There is no such lab now."""
