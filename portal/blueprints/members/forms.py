"""The form 修改: the fields of the guide's picture in its order, parsed and checked one by one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]  # the stubs don't know SelectChoice yet
    HiddenField,
    RadioField,
    SelectChoice,
)
from wtforms.validators import InputRequired, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from portal.blueprints.fields import (
    ApprovalDayField,
    EmailField,
    FeeField,
    MonthField,
    NumberField,
    QuickHidden,
    QuickRadio,
    WordField,
)
from portal.models import Member
from portal.rules.deadlines import format_month
from portal.rules.vocabulary import EDUCATION_LEVELS, ETHNICITIES, POLITICAL_STATUSES
from portal.services.member_editing import MemberFields


class MemberForm(FlaskForm):  # type: ignore[misc]
    """The fields that a branch can change."""

    version = HiddenField(validators=[InputRequired()], widget=QuickHidden())
    ethnicity = WordField("民族", ETHNICITIES)
    political_status = WordField("政治面貌", POLITICAL_STATUSES)
    education = WordField("最高学历", EDUCATION_LEVELS)
    email = EmailField("电子邮箱")
    fee = FeeField(
        "团费缴纳额度",
        places=2,
        validators=[
            InputRequired("请填写金额，没有填 0。"),
            NumberRange(0, 100000, message="金额应在 0 到 100000 元之间。"),
        ],
    )
    joined = MonthField("入团年月")
    approved_on = ApprovalDayField("上级团委审批日期", validators=[MayBeEmpty()])
    number = NumberField("团员编号", validators=[MayBeEmpty()])
    is_student = RadioField(
        "是否高校学生",
        choices=[SelectChoice("yes", "是"), SelectChoice("no", "否")],
        option_widget=QuickRadio(),
    )

    def parsed(self, member: Member) -> MemberFields:
        """The checked fields. An occupied number stays what it is: the page does not send it."""
        assert self.joined.month is not None
        assert self.fee.data is not None
        return MemberFields(
            ethnicity=self.ethnicity.data,
            political_status=self.political_status.data,
            education=self.education.data,
            email=self.email.data or "",
            fee_cents=round(self.fee.data * 100),
            joined=self.joined.month,
            approved_on=self.approved_on.data,
            is_student=self.is_student.data == "yes",
            number=(self.number.data or None) if "number" in self.sent else member.number,
        )

    @property
    def sent(self) -> set[str]:
        """The names of the fields that the browser sent."""
        return {name for name in self._fields if self._fields[name].raw_data}


def form_values(stored: MemberFields) -> dict[str, Any]:
    """Stored fields as the form's own data, to fill it with."""
    return {
        "ethnicity": stored.ethnicity,
        "political_status": stored.political_status,
        "education": stored.education,
        "email": stored.email,
        "fee": Decimal(stored.fee_cents) / 100,
        "joined": format_month(stored.joined),
        "approved_on": stored.approved_on,
        "number": stored.number,
        "is_student": "yes" if stored.is_student else "no",
    }
