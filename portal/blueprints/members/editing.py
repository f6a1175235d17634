"""The page 修改: filling the form, saving it, and showing what stands against saving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.gate import NO_CSRF
from portal.blueprints.members.forms import MemberForm, form_values
from portal.rules.member_number import group_number, has_upload
from portal.rules.text import parse_whole
from portal.runtime import runtime
from portal.services.checks import standing_check
from portal.services.corrections import ShownCorrection
from portal.services.irregular_numbers import others_to_mend
from portal.services.member_editing import (
    EditConflict,
    FieldRefused,
    NumberLocked,
    NumberRefused,
    change_member,
    fields_of,
    number_faults,
)
from portal.services.members import find_member, former_words
from portal.services.numbers import latest_request, suggested_number
from portal.services.organisations import home_of, release_hint
from portal.services.release_lists import shown_request
from portal.services.scan_cells import cell_for
from portal.services.waiting_reports import open_reports


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two people filled in differently."""

    name: str
    label: str
    typed: str
    stored: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved first: who and when, and where the two differ."""

    message: str
    differences: tuple[Difference, ...]


class EditPage:
    """One request to 修改. Raises ``NotFound`` or ``NotAllowed`` for somebody else's member."""

    def __init__(self, actor: Actor, member_id: int) -> None:
        self.actor = actor
        self.member = find_member(actor, Action.EDIT_MEMBER, member_id)
        self.mending = request.values.get("mend") == "1"  # one irregular number after the other
        self.status = 200
        self.conflict: Conflict | None = None
        self.number_faults: tuple[str, ...] = ()
        stored = form_values(fields_of(self.member))
        saving = request.method == "POST" and request.path.endswith("/edit")
        sent = self._sent(stored) if saving else None
        self.form = MemberForm(sent, data=stored, meta=NO_CSRF)
        self.suggested: str | None = None
        if sent is None:
            self.form.version.data = str(self.member.version)
            suggested = suggested_number(self.member)
            if suggested and not number_faults(self.member, suggested, None)[0]:
                self.suggested = self.form.number.data = suggested

    def save(self) -> bool:
        """Try to save; False when the page has to be shown again, with the reason."""
        self.status = 422
        if not self.form.validate():
            return False
        member_id = self.member.id
        try:
            wanted = self.form.parsed(self.member)
            change_member(self.actor, member_id, int(self.form.version.data or 0), wanted)
        except EditConflict as conflict:
            self._show_conflict(conflict)
        except NumberRefused as refused:
            self.number_faults = refused.faults
        except NumberLocked as locked:
            self.number_faults = (locked.message,)
        except FieldRefused as refused:
            self.form[refused.field].errors = [refused.message]
        else:
            self.member = find_member(self.actor, Action.EDIT_MEMBER, member_id)
            return True
        self.member = find_member(self.actor, Action.EDIT_MEMBER, member_id)
        return False

    def render(
        self,
        *,
        scan_error: str | None = None,
        too_large: bool = False,
        report_errors: dict[str, str] | None = None,
        shown_report: ShownCorrection | None = None,
        status: int | None = None,
    ) -> Response:
        """The page as it stands; ``scan_error`` is shown in the form's cell.

        ``report_errors`` has what stands against answering a report, by its place on the page;
        ``shown_report`` is one whose proposed value stands unmasked.
        """
        branch_name, branch_path = home_of(self.actor, self.member.branch_id)
        locked = self.member.number is not None
        number = self.member.number or self.form.number.data
        policy = runtime().policy
        asked = latest_request(self.member.id)
        cell = None
        if has_upload(number or self.member.released_number, policy) or self.member.has_scan:
            cell = cell_for(self.actor, self.member, number=number)
            cell = cell._replace(error=scan_error, too_large=too_large)
        return make_response(
            render_template(
                "members/edit.html",
                form=self.form,
                member=self.member,
                branch_name=branch_name,
                former=former_words(self.member),
                number_locked=locked,
                number_hint=release_hint(branch_path) if locked else "",
                number_faults=self.number_faults,
                irregular=self.member.irregularity,
                others=others_to_mend(self.actor, self.member) if self.mending else None,
                suggested=self.suggested,
                release=shown_request(self.actor, asked) if asked else None,
                cell=cell,
                check=standing_check(cell.scan_id) if cell and cell.scan_id else None,
                conflict=self.conflict,
                reports=open_reports(self.actor, self.member),
                report_errors=report_errors or {},
                shown_report=shown_report,
            ),
            status or self.status,
        )

    def _sent(self, stored: dict[str, Any]) -> MultiDict[str, str]:
        """The posted fields; where a person chose the stored value of two, that one."""
        sent = MultiDict(request.form)
        if parse_whole(sent.get("version", "")) is None:
            sent["version"] = "0"  # a version nobody was given: shown as a conflict
        kept = MemberForm(None, data=stored, meta=NO_CSRF)
        for name in stored:
            if sent.get(f"keep-{name}") == "stored":
                sent[name] = _text_of(kept, name)
        return sent

    def _show_conflict(self, conflict: EditConflict) -> None:
        stored = MemberForm(None, data=form_values(conflict.stored), meta=NO_CSRF)
        differences = []
        for name in form_values(conflict.stored):
            typed, kept = _text_of(self.form, name), _text_of(stored, name)
            if name in self.form.sent and typed != kept:
                differences.append(
                    Difference(
                        name,
                        self.form[name].label.text,
                        _shown(self.form, name),
                        _shown(stored, name),
                    )
                )
        self.conflict = Conflict(conflict.message, tuple(differences))
        self.form.version.data = str(conflict.version)
        self.status = 409


def _text_of(form: MemberForm, name: str) -> str:
    field = form[name]
    value = field._value() if hasattr(field, "_value") else field.data
    return str(value or "")


def _shown(form: MemberForm, name: str) -> str:
    if name == "is_student":
        return {"yes": "是", "no": "否"}.get(form[name].data, "")
    if name == "number":
        return group_number(form[name].data or "") or "（空）"
    return _text_of(form, name) or "（空）"
