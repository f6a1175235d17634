"""Settings: a bad one stops the start with one line that names it; production refuses the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.settings import DEMO_KEY, Settings, SettingsError, load_settings

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_THREADS", "0"),
        ("PORTAL_THREADS", "many"),
        ("PORTAL_MODE", "play"),
        ("PORTAL_SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://x"),
        ("PORTAL_STORE_URL", "ftp://x"),
        ("PORTAL_QUEUE_URL", "http://x"),
        ("PORTAL_LIMITS_URL", "http://x"),
        ("PORTAL_NUMBER_PREFIXES", "2020110"),
        ("PORTAL_MAX_REQUEST_MIB", "1"),
        ("PORTAL_LOG_LEVEL", "loud"),
        ("PORTAL_RECORD_MONTHS", "5"),
        ("PORTAL_SMTP_PORT", "0"),
        ("PORTAL_SMTP_SECURITY", "some"),
        ("PORTAL_SMTP_HOST", "mail.example.com"),
        ("PORTAL_MAIL_SENDER", "nobody"),
        ("PORTAL_PUBLIC_URL", "ftp://x"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings(instance=tmp_path)
    line = str(refused.value)
    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    if name.endswith(("KEY", "URL")):
        assert value not in line


def test_a_password_does_not_go_over_the_network_in_clear(tmp_path: Path) -> None:
    mail = {
        "smtp_host": "mail.example.com",
        "smtp_security": "none",
        "smtp_password": "never shown",
        "mail_sender": "portal@example.com",
        "public_url": "https://portal.example.com/",
    }
    assert load_settings(instance=tmp_path, **mail).public_url == "https://portal.example.com"
    with pytest.raises(SettingsError, match="PORTAL_SMTP_SECURITY: none would send") as refused:
        load_settings(instance=tmp_path, smtp_user="portal", **mail)
    assert "never shown" not in str(refused.value)
    local = {**mail, "smtp_host": "localhost"}
    assert load_settings(instance=tmp_path, smtp_user="portal", **local).smtp_user == "portal"


@pytest.mark.parametrize(
    ("name", "value", "package"),
    [
        ("DATABASE_URL", "postgresql://host/portal", "psycopg"),
        ("PORTAL_STORE_URL", "s3://bucket", "obstore"),
        ("PORTAL_QUEUE_URL", "redis://host", "redis"),
        ("PORTAL_LIMITS_URL", "redis://host", "redis"),
    ],
)
def test_what_is_not_installed_is_said_with_its_command(
    name: str, value: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    load_settings(instance=tmp_path)  # the tests' own environment has it
    monkeypatch.setattr("portal.settings.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=f"^{name}: {package} .*bin/bootstrap scale"):
        load_settings(instance=tmp_path)


def test_a_bad_setting_ends_the_process_with_2(tmp_path: Path) -> None:
    environment = {**os.environ, "PORTAL_THREADS": "0", "PORTAL_INSTANCE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "portal.serve"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("PORTAL_THREADS: ")


def test_a_file_of_settings_is_read(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(
        "PORTAL_IDLE_MINUTES=45\nPORTAL_NUMBER_PREFIXES=YYYY110,YYYY112\n"
    )
    found = load_settings(instance=tmp_path)
    assert found.idle_minutes == 45
    assert found.number_policy.prefixes == ("YYYY110", "YYYY112")


def test_the_key_is_made_once_and_kept_secret(tmp_path: Path) -> None:
    first = load_settings(instance=tmp_path / "new").secret_key
    assert len(first) > 40
    assert load_settings(instance=tmp_path / "new").secret_key == first
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o077 == 0


def test_production_refuses_the_demo_key_and_an_open_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(SettingsError, match="chmod 700"):
        load_settings(instance=tmp_path, mode="production")
    tmp_path.chmod(0o700)
    with pytest.raises(SettingsError, match="PORTAL_PASSWORD_MEMORY_KIB: production wants 19456"):
        load_settings(instance=tmp_path, mode="production", password_memory_kib=19455)
    with pytest.raises(SettingsError, match="demo key"):
        load_settings(instance=tmp_path, mode="production", secret_key=DEMO_KEY)
    assert load_settings(instance=tmp_path, mode="production").mode == "production"


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="PORTAL_INSTANCE"):
        load_settings(instance=tmp_path / "file" / "x")


def test_every_setting_says_what_it_does() -> None:
    assert all(field.description for field in Settings.model_fields.values())
