"""The limits on guessing: only wrong guesses count, so many colleagues behind one address work.

The windows overlap, which makes the delay grow without ever locking anybody out for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import g, request
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.extensions import limiter

View = Callable[..., Response]


def slow_guessing(view: View) -> View:
    """Limit the wrong guesses at a view by account and address, by account, and by address."""
    limits: tuple[tuple[str, Callable[[], str]], ...] = (
        ("5 per minute;15 per hour", _account_and_address),
        ("60 per hour", by_account),
        ("30 per minute;200 per hour", _address),
    )
    for amount, key in limits:
        view = limiter.limit(amount, key_func=key, methods=["POST"], deduct_when=_was_wrong)(view)
    return view


def count_guess() -> None:
    """This request was a wrong guess: a code or a present password that is another one."""
    g.wrong_guess = True


def _was_wrong(_response: Response) -> bool:
    return bool(g.get("wrong_guess"))


def _address() -> str:
    return request.remote_addr or ""


def by_account() -> str:
    """The account that is signed in, or the one typed: hashed, as it may be a phone or the like."""
    if current_user.is_authenticated:
        return f"account {current_user.actor.account_id}"
    typed = request.form.get("login", "").strip().lower()
    return hashlib.sha256(typed.encode(errors="replace")).hexdigest()


def _account_and_address() -> str:
    return f"{by_account()}|{_address()}"
