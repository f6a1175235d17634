"""Processes that have libraries loaded and fork a child with limits for each request.

``client`` is what the portal's own processes hold, ``server`` what runs in the other one. Neither
Flask nor SQLAlchemy, and no library of what is done in the children.
"""
