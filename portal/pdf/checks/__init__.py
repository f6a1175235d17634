"""What a careful clerk would see, one subject a module; they know numpy, not the database.

Each check takes pictures of pages (``picture.py``) and gives findings. Thresholds, each with its
source, are in ``thresholds.py``.
"""
