"""Every setting of the portal: name, type, default, what it does.

Settings come from the environment, with the prefix ``PORTAL_`` (``DATABASE_URL`` alone has no
prefix, so that ordinary tools understand it), or from ``<instance>/settings.env``. A bad value
stops the start with one line that names the setting and what is allowed.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from portal.mail_settings import MailSettings
from portal.rules.age import AgePolicy
from portal.rules.member_number import NumberPolicy

DEMO_KEY = "demo-key-for-trying-the-portal-out-not-for-real-data"
"""The key that documentation and examples may name; production refuses it."""


class Mode(StrEnum):
    """What the installation is for."""

    DEMO = "demo"
    PRODUCTION = "production"


class SettingsError(Exception):
    """A setting that the portal can't start with; the text is one line for the operator."""


class Settings(MailSettings):
    """The settings of one installation, checked. Build with :func:`load_settings`."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore", frozen=True)

    instance: Path = Field(
        default=Path("instance"),
        description="Folder of the installation's own data: database, scans, key, log of the demo.",
    )
    mode: Mode = Field(
        default=Mode.DEMO,
        description="demo: tries the portal out on invented people. "
        "production: refuses demo data, the demo key and an instance folder that others can read.",
    )
    secret_key: str = Field(
        default="",
        description="Signs cookies and form tokens and seals personal fields; at least 32 "
        "characters. Empty: made once and kept in <instance>/secret.key.",
    )
    identity_key: str = Field(
        default="",
        description="What the keys of identity codes (身份码) are derived from, one pair a day; at "
        "least 32 characters. Another one ends every code that is being shown. Empty: secret_key.",
    )
    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("database_url", "DATABASE_URL"),
        description="SQLAlchemy URL, sqlite:///… or postgresql://…. "
        "Empty: SQLite in <instance>/portal.db.",
    )
    store_url: str = Field(
        default="",
        description="Where scans are kept: file:///folder or s3://bucket/prefix?endpoint=…. "
        "Empty: <instance>/store.",
    )
    limits_url: str = Field(
        default="memory://",
        description="Where the counters against guessing are kept: memory:// (one server process) "
        "or redis://… (several).",
    )
    queue_url: str = Field(
        default="",
        description="Where the job queue is kept: redis://…, or empty for SQLite in "
        "<instance>/queue.db.",
    )
    threads: int = Field(
        default=8, ge=1, le=64, description="Request threads of the server, 1 to 64."
    )
    max_request_mib: int = Field(
        default=64,
        ge=16,
        le=1024,
        description="Largest request body in MiB, 16 to 1024; larger ones are answered 413. Above "
        "the 15 M of a form, so that a file too large gets its own sentence with its true size.",
    )
    idle_minutes: int = Field(
        default=30, ge=5, le=240, description="A sign-in ends after so many idle minutes, 5 to 240."
    )
    session_hours: int = Field(
        default=12, ge=1, le=24, description="A sign-in ends after so many hours, 1 to 24."
    )
    password_min_length: int = Field(
        default=10, ge=8, le=64, description="Fewest characters of a new password, 8 to 64."
    )
    code_hours: int = Field(
        default=24, ge=1, le=168, description="A one-time code is good for so many hours, 1 to 168."
    )
    record_months: int = Field(
        default=36,
        ge=6,
        le=1200,
        description="Months that the record (操作日志) is to be kept, 6 to 1200; the law asks for "
        "6. Nothing is deleted yet: the portal has no command that shortens the record.",
    )
    behind_proxy: bool = Field(
        default=False,
        description="Trust X-Forwarded-For and -Proto of one proxy before the server.",
    )
    secure_cookies: bool = Field(
        default=False, description="Send cookies over HTTPS only; production behind HTTPS: true."
    )
    inspect_memory_mib: int = Field(
        default=400,
        ge=128,
        le=4096,
        description="Memory one file may use while it is inspected, in MiB, 128 to 4096.",
    )
    inspect_seconds: int = Field(
        default=10,
        ge=2,
        le=120,
        description="Seconds one file may take to be inspected, 2 to 120.",
    )
    look_memory_mib: int = Field(
        default=600,
        ge=256,
        le=4096,
        description="Memory a look at one form's pages may use, in MiB, 256 to 4096.",
    )
    look_seconds: int = Field(
        default=15,
        ge=5,
        le=120,
        description="Seconds a look at one form's pages may take, 5 to 120.",
    )
    make_memory_mib: int = Field(
        default=700,
        ge=256,
        le=4096,
        description="Memory that making a file out of another may use, in MiB, 256 to 4096.",
    )
    make_seconds: int = Field(
        default=60,
        ge=5,
        le=300,
        description="Seconds that making a file out of another may take, 5 to 300.",
    )
    report_memory_mib: int = Field(
        default=400,
        ge=128,
        le=4096,
        description="Memory that typesetting one part of a report may use, in MiB, 128 to 4096.",
    )
    report_seconds: int = Field(
        default=60,
        ge=10,
        le=600,
        description="Seconds that typesetting one part of a report may take, 10 to 600.",
    )
    report_processes: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Parts of a report that are typeset at the same time, 1 to 16.",
    )
    job_seconds: int = Field(
        default=60,
        ge=6,
        le=600,
        description="Seconds after which a job that its worker has not ended is taken up again, "
        "6 to 600; more than a look and an inspection may take.",
    )
    worker_threads: int = Field(
        default=1,
        ge=1,
        le=4,
        description="Jobs the worker does at the same time, 1 to 4.",
    )
    form_pages: int = Field(
        default=8,
        ge=1,
        le=60,
        description="Pages that a whole form has, 1 to 60: a file with fewer is pointed out.",
    )
    password_memory_kib: int = Field(
        default=65536,
        ge=1024,
        le=4 * 1024 * 1024,
        description="Memory that checking one password takes (argon2id), in KiB, 1024 to 4194304; "
        "production wants 19456 or more.",
    )
    undo_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Days that a deleted or replaced form can be taken back, 1 to 365.",
    )
    province: str = Field(
        default="11",
        pattern=r"^\d{2}$",
        description="Province code of this database's own numbers, 2 digits.",
    )
    number_prefixes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("YYYY110",),
        description="Allotted prefixes of new members' numbers, comma separated; YYYY stands for "
        "the year (the guide's 2020110).",
    )
    first_new_year: int = Field(
        default=2020,
        ge=1922,
        le=2100,
        description="First year of joining whose members must have a form.",
    )
    joining_age_youngest: int = Field(
        default=14, ge=10, le=20, description="Youngest age at joining without a question."
    )
    joining_age_oldest: int = Field(
        default=28, ge=20, le=60, description="Oldest age at joining without a question."
    )
    joining_age_refused: int = Field(
        default=13, ge=8, le=20, description="Under this age at joining an application is refused."
    )
    joining_age_refused_before_2017: int = Field(
        default=12, ge=8, le=20, description="The same for those who joined before 2017."
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="DEBUG, INFO, WARNING or ERROR.",
    )

    @field_validator("number_prefixes", mode="before")
    @classmethod
    def _split_prefixes(cls, value: Any) -> Any:
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("number_prefixes")
    @classmethod
    def _check_prefixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in value:
            if not (prefix.startswith("YYYY") and prefix[4:].isdigit() and len(prefix) <= 12):
                raise ValueError("each is YYYY and 1 to 8 digits, like YYYY110")
        return value

    @field_validator("secret_key", "identity_key")
    @classmethod
    def _check_key(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("at least 32 characters, or empty")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("sqlite:///… or postgresql://…")
        if value.startswith("postgresql"):
            _require_extra("psycopg")
        # Plain postgresql:// would make SQLAlchemy look for psycopg2; the lock has psycopg 3.
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("store_url")
    @classmethod
    def _check_store(cls, value: str) -> str:
        if value and not value.startswith(("file:///", "s3://")):
            raise ValueError("file:///folder or s3://bucket/prefix?endpoint=…")
        if value.startswith("s3:"):
            _require_extra("obstore")
        return value

    @field_validator("limits_url")
    @classmethod
    def _check_limits(cls, value: str) -> str:
        if value != "memory://" and not value.startswith(("redis://", "rediss://")):
            raise ValueError("memory:// or redis://…")
        if value != "memory://":
            _require_extra("redis")
        return value

    @field_validator("queue_url")
    @classmethod
    def _check_queue(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("redis://…, or empty")
        if value:
            _require_extra("redis")
        return value

    @model_validator(mode="after")
    def _check_deadlines(self) -> Settings:
        if self.job_seconds <= max(self.look_seconds, self.inspect_seconds):
            raise ValueError(
                "PORTAL_JOB_SECONDS: more than PORTAL_LOOK_SECONDS and PORTAL_INSPECT_SECONDS"
            )
        return self

    @model_validator(mode="after")
    def _check_production(self) -> Settings:
        if self.mode is Mode.PRODUCTION and self.secret_key == DEMO_KEY:
            raise ValueError("PORTAL_SECRET_KEY: production refuses the demo key")
        # OWASP's least for argon2id; below it a stolen table is guessed through.
        if self.mode is Mode.PRODUCTION and self.password_memory_kib < 19456:
            raise ValueError("PORTAL_PASSWORD_MEMORY_KIB: production wants 19456 or more")
        return self

    @property
    def number_policy(self) -> NumberPolicy:
        """The rules' view of the settings about numbers."""
        return NumberPolicy(
            province=self.province,
            prefixes=self.number_prefixes,
            first_new_year=self.first_new_year,
        )

    @property
    def age_policy(self) -> AgePolicy:
        """The rules' view of the settings about ages."""
        return AgePolicy(
            youngest=self.joining_age_youngest,
            oldest=self.joining_age_oldest,
            refused_under=self.joining_age_refused,
            refused_under_before_2017=self.joining_age_refused_before_2017,
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.startswith("sqlite:")


def _require_extra(package: str) -> None:
    if find_spec(package) is None:
        raise ValueError(f"{package} is not installed, run bin/bootstrap scale once")


def load_settings(**overrides: Any) -> Settings:
    """Read, check and complete the settings; makes the instance folder and its key.

    ``overrides`` win over the environment. Raises ``SettingsError`` with one line.
    """
    instance = Path(overrides.get("instance") or os.environ.get("PORTAL_INSTANCE") or "instance")
    instance = instance.absolute()
    overrides["instance"] = instance
    try:
        found = Settings(_env_file=instance / "settings.env", **overrides)  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        completed = {
            "secret_key": found.secret_key or _kept_key(instance / "secret.key"),
            "database_url": found.database_url or f"sqlite:///{instance / 'portal.db'}",
            "store_url": found.store_url or f"file://{instance / 'store'}",
        }
    except OSError as error:
        raise SettingsError(
            f"PORTAL_INSTANCE: a folder that can be written to is needed ({error.strerror}: "
            f"{error.filename})"
        ) from None
    if found.mode is Mode.PRODUCTION:
        _refuse_open_folder(instance)
    return found.model_copy(update=completed)


def settings_or_exit(**overrides: Any) -> Settings:
    """``load_settings`` for a process's start: a bad setting prints its line and exits with 2."""
    try:
        return load_settings(**overrides)
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:
        return message
    name = str(first["loc"][0]).lower()
    variable = "DATABASE_URL" if name == "database_url" else f"PORTAL_{name.upper()}"
    # The value of a key must not be printed; nor a password, nor a URL that may hold one.
    shown = "" if name.endswith(("key", "url", "password")) else f" (it is {first['input']!r})"
    allowed = Settings.model_fields[name].description or ""
    return f"{variable}: {message}{shown}. {allowed}"


def _kept_key(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            key = secrets.token_urlsafe(48)
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        return key


def _refuse_open_folder(instance: Path) -> None:
    if stat.S_IMODE(instance.stat().st_mode) & 0o077:
        raise SettingsError(
            f"PORTAL_INSTANCE: production refuses an instance folder that others can read "
            f"(chmod 700 {instance})"
        )
