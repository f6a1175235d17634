"""PDF files: bytes in, findings or pictures out. Parsed only inside the sandbox's child.

Neither Flask nor SQLAlchemy, no database, no clock of its own.
"""
