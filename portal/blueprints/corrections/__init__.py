"""报告错误: a member reports a field of theirs; the branch takes over or declines."""

from portal.blueprints.corrections import answering, own

__all__ = ["answering", "own"]
