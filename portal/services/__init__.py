"""All that changes data, and the questions asked of it. One subject a module.

Each writing function checks the permission, changes, records and tallies in one transaction, and
ends with the commit. Nothing here knows a template or a route.
"""
