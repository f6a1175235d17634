"""What runs beside the server: the queue, and what its tasks do.

A task is a few lines that call a service. Losing the queue loses no data: pictures are drawn when
somebody looks, and the nightly sweep does what was missed.
"""
