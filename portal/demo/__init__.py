"""The fictional demo: invented organisations, people and forms. Never for real data."""
