"""HTML in, PDF out: WeasyPrint in a process of its own, and its parts joined to a whole.

Knows neither Flask nor the database, and nothing of what a report says. ``typesetter`` is what the
portal's own processes hold.
"""
