"""What the guide says about numbers, dates, files and texts, as pure functions.

No Flask, no database, no clock: "today" and the configuration are arguments.
"""
