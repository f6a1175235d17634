"""The fictional demo: invented organisations, people and forms. Nothing here is used for real data."""
