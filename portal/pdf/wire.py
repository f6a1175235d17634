"""What passes between the server and the sandbox's processes; loads no parser.

An answer is the child's id (``PID_BYTES``, big end first), then ``OK`` or ``REFUSED`` and the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

REQUEST_BYTES = 4096
PID_BYTES = 4
OK, REFUSED = b"+", b"-"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a good file; ``disputed`` if pypdf and pdfium disagree on it."""

    pages: int
    disputed: bool = False
