"""The forms around a release. What may stand in them is the service's question."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]  # the stubs don't know SelectChoice yet
    HiddenField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)

from portal.blueprints.fields import NumberField
from portal.models import Member
from portal.rules.number_release import (
    OTHER_REASON,
    USUAL_REASONS,
    compose_reason,
    reason_begun,
)
from portal.services.numbers import ReleaseRefused


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A usual reason or one's own words, about the number that the person saw."""

    number = HiddenField()
    usual_reason = SelectField(
        "原因",
        choices=[SelectChoice(one) for one in ("", *USUAL_REASONS, OTHER_REASON)],
        validate_choice=False,
    )
    words = TextAreaField("说明")

    @property
    def reason(self) -> str:
        """Both as one text."""
        return compose_reason(self.usual_reason.data or "", self.words.data or "")

    def begin(self, member: Member) -> None:
        """The number as it is now, with the reason that its irregularity gives."""
        self.number.data = member.number
        self.usual_reason.data, self.words.data = reason_begun(member.irregularity)

    def show(self, refused: ReleaseRefused) -> None:
        """Put the sentences beside the field that they belong to."""
        self[refused.field].errors = refused.faults


class AskForm(ReasonForm):
    """What a branch asks for."""

    wanted_number = NumberField("正确的编号")


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """What a committee answers."""

    decision = StringField()
    answer = TextAreaField("处理意见")

    def show(self, refused: ReleaseRefused) -> None:
        """Put the sentences beside the field that they belong to."""
        self[refused.field].errors = refused.faults
