"""What passes between a client and its process.

An answer is the child's id (``PID_BYTES``, big end first), then ``OK`` or ``REFUSED`` and the rest.
"""

REQUEST_BYTES = 4096
PID_BYTES = 4
OK, REFUSED = b"+", b"-"
