"""What runs beside the server: the queue, and what its tasks do.

A task is a few lines that call a service. Losing the queue loses nothing: the jobs are rows, which
the worker takes up with its next beat.
"""
