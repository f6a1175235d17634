"""The forms of registration and of the join application."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]  # the stubs don't know SelectChoice yet
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectChoice,
    StringField,
)
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.validators import Optional as MayBeEmpty

from portal import clock
from portal.blueprints.fields import (
    ApprovalDayField,
    DayField,
    EmailField,
    MonthField,
    NumberField,
    WordField,
)
from portal.rules.deadlines import format_month
from portal.rules.id_number import IdNumber, IdNumberFault
from portal.rules.outside import (
    Proof,
    clean_organisation,
    clean_proof_number,
    outside_places,
    place_words,
)
from portal.rules.passwords import check_password
from portal.rules.phone import MESSAGE as PHONE_MESSAGE
from portal.rules.phone import parse_phone
from portal.rules.text import TextFault, clean_name
from portal.rules.vocabulary import EDUCATION_LEVELS, ETHNICITIES, POLITICAL_STATUSES
from portal.runtime import runtime
from portal.services.joining_fields import JoiningFields
from portal.services.registration import NewPerson

PLEASE_CHOOSE = "请选择"
NUMBER_LENGTH = 20


class IdentityForm(FlaskForm):  # type: ignore[misc]
    """Who a person is: name and ID number, as on the identity card."""

    name = StringField("姓名", validators=[InputRequired("请填写姓名，与身份证上的一致。")])
    id_number = StringField("身份证号", validators=[InputRequired("请填写 18 位身份证号。")])

    person_id: IdNumber | None = None

    def validate_name(self, field: Field) -> None:
        """Han with rare characters, the middle dot, Latin letters."""
        cleaned = clean_name(field.data)
        if isinstance(cleaned, TextFault):
            raise ValidationError(cleaned.message)
        field.data = cleaned

    def validate_id_number(self, field: Field) -> None:
        """Length, birth date and check digit."""
        parsed = IdNumber.parse(field.data)
        if isinstance(parsed, IdNumberFault):
            raise ValidationError(parsed.message)
        if parsed.birth_date > clock.today():
            raise ValidationError(IdNumberFault.DATE.message)
        self.person_id = parsed


class RegistrationForm(IdentityForm):
    """Who registers: name, ID number, phone, password, consent."""

    phone = StringField("手机号", validators=[InputRequired("请填写 11 位手机号。")])
    password = PasswordField("密码", validators=[InputRequired("请设置密码。")])
    again = PasswordField("再输入一次密码", validators=[InputRequired("请再输入一次密码。")])
    consent = BooleanField("我已阅读并同意《个人信息处理告知》")
    sum = StringField("请算一算")

    def validate_phone(self, field: Field) -> None:
        """A mobile phone of mainland China."""
        parsed = parse_phone(field.data)
        if parsed is None:
            raise ValidationError(PHONE_MESSAGE)
        field.data = parsed

    def validate_password(self, field: Field) -> None:
        """Long enough, not common, nothing of one's own."""
        personal = [self.name.data or "", self.phone.data or ""]
        if self.person_id is not None:
            personal += [self.person_id.text, self.person_id.birth_date.isoformat()]
        fault = check_password(
            field.data,
            personal=[one for one in personal if one],
            min_length=runtime().settings.password_min_length,
        )
        if fault is not None:
            raise ValidationError(fault.message)

    def validate_again(self, field: Field) -> None:
        """Typed alike twice."""
        if self.password.data and field.data != self.password.data:
            raise ValidationError("两次输入的密码不一样。请重新输入。")

    def validate_consent(self, field: Field) -> None:
        """Nothing is kept of anybody who does not agree."""
        if not field.data:
            raise ValidationError("需要您同意后才能注册。不同意的话，请到所在团支部现场办理。")

    @property
    def person(self) -> NewPerson:
        """The checked person."""
        assert self.person_id is not None
        return NewPerson(self.name.data or "", self.person_id, self.phone.data or "")


class ChoiceField(WordField):
    """A choice among words that can still be open."""

    def __init__(self, label: str, words: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(label, (PLEASE_CHOOSE, *words), **kwargs)

    def offer(self, words: tuple[str, ...]) -> None:
        """Offer these words, which the installation's settings decide."""
        self.words = (PLEASE_CHOOSE, *words)
        self.choices = [SelectChoice(word) for word in self.words]

    @property
    def chosen(self) -> str | None:
        """The chosen word."""
        return None if self.data == PLEASE_CHOOSE else self.data


class ProofDayField(DayField):
    """The day of a receipt or a letter; the form has the joining month as ``joined``."""

    def pre_validate(self, form: FlaskForm) -> None:
        """Not in the future, not before the joining month."""
        if self.data is None:
            return
        if self.data > clock.today():
            raise ValidationError("凭证日期不能在今天之后。请核对回执或介绍信上的日期。")
        if form.joined.month and self.data < form.joined.month:
            raise ValidationError("凭证日期早于入团年月。请核对回执或介绍信，以及入团年月。")


class JoiningForm(FlaskForm):  # type: ignore[misc]
    """加入申请. Empty fields are fine until it is sent; the service says what is missing."""

    version = HiddenField(validators=[InputRequired()])
    person_name = StringField("姓名")
    ethnicity = ChoiceField("民族", ETHNICITIES)
    political_status = ChoiceField("政治面貌", POLITICAL_STATUSES)
    education = ChoiceField("最高学历", EDUCATION_LEVELS)
    email = EmailField("电子邮箱")
    joined = MonthField("入团年月", validators=[MayBeEmpty()])
    number = NumberField(
        "发展团员编号",
        validators=[
            MayBeEmpty(),
            Length(max=NUMBER_LENGTH, message="编号共 12 位，请核对后删去多余的。"),
        ],
    )
    approved_on = ApprovalDayField("上级团委审批日期", validators=[MayBeEmpty()])
    is_student = RadioField(
        "是否高校学生",
        choices=[SelectChoice("yes", "是"), SelectChoice("no", "否")],
        validators=[MayBeEmpty()],
    )
    former_place = ChoiceField("转出地", (), default=PLEASE_CHOOSE)
    former_organisation = StringField("转出组织全称", validators=[MayBeEmpty()])
    proof = RadioField(
        "凭证",
        choices=[SelectChoice(one.value, one.label) for one in Proof],
        validators=[MayBeEmpty()],
    )
    proof_number = StringField("凭证编号", validators=[MayBeEmpty()])
    proof_on = ProofDayField("凭证日期", validators=[MayBeEmpty()])
    age_confirmed = BooleanField("入团时的年龄不在 14 到 28 周岁之间，我已核对，入团年月没有错")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = {name: code for code, name in outside_places(runtime().policy).items()}
        self.former_place.offer(tuple(self._places))

    def validate_person_name(self, field: Field) -> None:
        """What was mistyped at registration is corrected here; not sent: as it is."""
        if field.raw_data:
            field.data = _cleaned(clean_name(field.data))

    def validate_former_organisation(self, field: Field) -> None:
        """The full name, of an organisation that this system does not know."""
        field.data = _cleaned(clean_organisation(field.data))

    def validate_proof_number(self, field: Field) -> None:
        """As it stands on the paper."""
        field.data = _cleaned(clean_proof_number(field.data))

    def parsed(self) -> JoiningFields:
        """The checked fields."""
        return JoiningFields(
            ethnicity=self.ethnicity.chosen,
            political_status=self.political_status.chosen,
            education=self.education.chosen,
            email=self.email.data or "",
            is_student={"yes": True, "no": False}.get(self.is_student.data),
            joined=self.joined.month,
            number=self.number.data or None,
            approved_on=self.approved_on.data,
            former_place=self._places.get(self.former_place.chosen or ""),
            former_organisation=self.former_organisation.data or None,
            proof=Proof(self.proof.data) if self.proof.data else None,
            proof_number=self.proof_number.data or None,
            proof_on=self.proof_on.data,
            name=self.person_name.data or None,
        )


def _cleaned(found: str | TextFault) -> str:
    if isinstance(found, TextFault):
        raise ValidationError(found.message)
    return found


def form_values(stored: JoiningFields) -> dict[str, Any]:
    """Stored fields as the form's own data, to fill it with."""
    return {
        "person_name": stored.name,
        "ethnicity": stored.ethnicity or PLEASE_CHOOSE,
        "political_status": stored.political_status or PLEASE_CHOOSE,
        "education": stored.education or PLEASE_CHOOSE,
        "email": stored.email,
        "joined": format_month(stored.joined) if stored.joined else "",
        "number": stored.number or "",
        "approved_on": stored.approved_on,
        "former_place": place_words(stored.former_place) or PLEASE_CHOOSE,
        "former_organisation": stored.former_organisation or "",
        "proof": stored.proof.value if stored.proof else None,
        "proof_number": stored.proof_number or "",
        "proof_on": stored.proof_on,
        "is_student": None if stored.is_student is None else "yes" if stored.is_student else "no",
    }
