"""What a process of the portal works with, made once at the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from portal.identity_keys import IdentityKeys
from portal.pdf.maker import Maker
from portal.pdf.sandbox import Sandbox
from portal.rules.member_number import NumberPolicy
from portal.settings import Settings
from portal.storage import Store
from portal.typesetting.typesetter import Typesetter
from portal.vault import Vault


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that services use besides the database."""

    settings: Settings
    store: Store
    sandbox: Sandbox
    looker: Sandbox  # with a budget of its own; the worker's
    maker: Maker  # makes files out of others, with a budget of its own too
    typesetter: Typesetter
    vault: Vault
    identity_keys: IdentityKeys
    policy: NumberPolicy
    wake: Callable[[], None]  # the worker looks for jobs that are due; never fails

    def close(self) -> None:
        """End the processes that were started for this application."""
        self.sandbox.close()
        self.looker.close()
        self.maker.close()
        self.typesetter.close()


def runtime() -> Runtime:
    """The running application's parts."""
    found: Runtime = current_app.extensions["portal"]
    return found
