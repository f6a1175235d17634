"""Guide, question 1: 能否批量录入？不能批量录入. This looks for a way to do it, everywhere.

No route, command, template or service takes a file or a list of members. The one sheet that is
read brings in organisations, once, and refuses columns about people.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest
from flask import Flask

import portal
from portal.models import Joining, Member
from portal.rules.tree_rows import COLUMNS
from portal.services.tree_sheet import SheetRefused, read_sheet
from tests.sheets import sheet

SOURCE = Path(portal.__file__).parent
SOURCES = sorted(SOURCE.rglob("*.py"))
TEMPLATES = sorted((SOURCE / "templates").rglob("*.html"))

# Where a file comes in: the form's cell (one PDF of one member) and its page for a large one, the
# pictures of one member's form, the sheet of organisations, what a letter carries; and a report's
# file that /verify only compares.
PICTURES = "making/photos.html"
ATTACHMENTS = "messages/files.html"
FILE_INPUTS = {
    "components/scan_cell.html",
    "making/large_scan.html",
    PICTURES,
    "organisations/sheet.html",
    ATTACHMENTS,
    "reports/verify.html",
}
FILE_ROUTES = {
    "/members/<int:member_id>/scan",
    "/members/<int:member_id>/scan/compress",
    "/members/<int:member_id>/scan/photos",
    "/organisations/sheet",
    "/messages/letters/<token>/files",
}
COMPARES = {"blueprints/reports/verifying.py"}
READS_SHEETS = {"services/tree_sheet.py"}
# Members are made one by one (derived.enter), and by the demo, which refuses real data.
MAKES_MEMBERS = {"services/derived.py", "demo/load.py", "demo/city.py"}


def name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_no_address_speaks_of_many(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    for word in ("import", "batch", "bulk", "csv", "upload-many"):
        assert not [rule for rule in rules if word in rule]


def test_files_are_received_in_few_places_only(app: Flask) -> None:
    receiving = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        and "receive_file" in inspect.getsource(app.view_functions[rule.endpoint])
    }
    assert receiving == FILE_ROUTES
    readers = {name(path) for path in SOURCES if "request.files" in path.read_text()}
    assert readers == COMPARES


def test_file_inputs_stand_in_few_templates_and_take_one_file_or_one_forms_pictures() -> None:
    found = {
        path.relative_to(SOURCE / "templates").as_posix(): re.findall(
            r'<input[^>]*type="file"[^>]*>', path.read_text()
        )
        for path in TEMPLATES
    }
    with_files = {template: inputs for template, inputs in found.items() if inputs}
    assert set(with_files) == FILE_INPUTS
    for template, inputs in with_files.items():
        assert len(inputs) == 1
        assert ("multiple" in inputs[0]) == (template in (PICTURES, ATTACHMENTS))
    (pictures,) = with_files[PICTURES]
    assert 'accept="image/jpeg,image/png"' in pictures


def test_nothing_reads_a_table_but_the_sheet_of_organisations() -> None:
    tables = re.compile(
        r"^\s*(?:import|from)\s+(?:openpyxl|xlrd|pandas|pyexcel|tablib)\b|\bcsv\.(?:reader|DictReader)"
        r"|\bfrom csv import",
        re.M,
    )
    assert {name(path) for path in SOURCES if tables.search(path.read_text())} == READS_SHEETS


def test_members_are_made_one_by_one() -> None:
    made = re.compile(
        r"insert\((?:Member|Joining)\)|\.add_all\(|bulk_(?:save|insert)|\bexecutemany\b"
    )
    found = {name(path) for path in SOURCES if made.search(path.read_text())}
    assert found <= MAKES_MEMBERS


def test_no_service_takes_a_list_of_people() -> None:
    """No public function takes a sequence whose items are members, applications or texts of them."""
    listed = re.compile(
        r"(?:list|tuple|Sequence|Iterable|Iterator|Collection)\[[^\]]*(?:Member|Joining|MemberFields)\b"
    )
    for path in (SOURCE / "services").glob("*.py"):
        for signature in re.findall(r"^def ([a-z]\w*\([^)]*\))", path.read_text(), re.M | re.S):
            assert not listed.search(signature), (name(path), signature)


def test_no_command_takes_a_file_or_several_values(app: Flask) -> None:
    for command in app.cli.commands.values():
        commands = command.commands.values() if isinstance(command, click.Group) else (command,)
        for one in commands:
            if one.callback is None or not one.callback.__module__.startswith("portal"):
                continue  # flask's own: run, shell, db
            for parameter in one.params:
                assert not isinstance(parameter.type, (click.File, click.Path)), one.name
                assert parameter.nargs == 1, one.name
                assert not getattr(parameter, "multiple", False), one.name


@pytest.mark.parametrize(
    "head",
    [
        ("姓名", "身份证", "团员编号", "入团年月"),
        (*COLUMNS, "身份证"),
        (*COLUMNS, "姓名"),
        ("序号", "上级序号", "类型", "姓名"),
        (*COLUMNS, "电话", "备注"),
    ],
)
def test_the_sheet_of_organisations_refuses_columns_about_people(
    tmp_path: Path, head: tuple[str, ...]
) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(sheet([tuple("x" for _ in head)], head))
    with pytest.raises(SheetRefused, match="不能批量录入"):
        read_sheet(path)


def test_the_sheet_of_organisations_can_make_nothing_else() -> None:
    text = (SOURCE / "services" / "tree_import.py").read_text()
    assert set(re.findall(r"insert\((\w+)\)", text)) == {"Organisation"}
    for model in (Member, Joining):
        assert f"{model.__name__}(" not in text
