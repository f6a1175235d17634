"""Deadlines, masking, texts, names, organisations, refusals."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import masking
from portal.rules.deadlines import (
    DeadlineState,
    deadline,
    due_date,
    format_month,
    is_late,
    parse_month,
)
from portal.rules.organisations import ALLOWED_CHILDREN, OrganisationKind
from portal.rules.pinyin import initials, name_pinyin
from portal.rules.scan_refusals import (
    MAX_SCAN_BYTES,
    Refusal,
    RefusalReason,
    ScanRefused,
    format_size,
)
from portal.rules.text import TextFault, clean_name, clean_text
from portal.rules.vocabulary import ETHNICITIES

APPROVED = date(2026, 10, 25)


def test_the_form_is_due_thirty_days_after_the_approval() -> None:
    assert due_date(APPROVED) == date(2026, 11, 24)


def test_the_due_day_itself_still_counts_as_in_time() -> None:
    due = due_date(APPROVED)
    assert not is_late(due, due)
    assert is_late(due + timedelta(days=1), due)


@pytest.mark.parametrize(
    ("left", "words", "state"),
    [
        (12, "剩 12 天", DeadlineState.IN_TIME),
        (8, "剩 8 天", DeadlineState.IN_TIME),
        (7, "剩 7 天", DeadlineState.SOON),
        (0, "今天到期", DeadlineState.TODAY),
        (-5, "已逾期 5 天", DeadlineState.OVERDUE),
    ],
)
def test_the_days_left_are_said_in_the_guides_words(
    left: int, words: str, state: DeadlineState
) -> None:
    found = deadline(APPROVED + timedelta(days=left), APPROVED)
    assert (found.words, found.state) == (words, state)


@pytest.mark.parametrize(
    "text", ["2020-01", "2020年1月", "2020 年 01 月", "202001", "2020/1", "2020.01"]
)
def test_a_month_is_taken_as_typed(text: str) -> None:
    assert parse_month(text) == date(2020, 1, 1)


@pytest.mark.parametrize("text", ["", "2020", "2020-13", "0000-01", "202O-01", "2020-01-05"])
def test_what_is_no_month_is_none(text: str) -> None:
    assert parse_month(text) is None


@given(st.text())
def test_every_text_gets_a_month_or_none(text: str) -> None:
    found = parse_month(text)
    assert found is None or parse_month(format_month(found)) == found


def test_personal_fields_are_masked_as_in_the_guides_picture() -> None:
    assert masking.mask_id_number("230102200801014545") == "2301●●●●●●45"
    assert masking.mask_birth_date() == "●●-●●-●●"
    assert masking.mask_phone() == "●●●●-●●●●"
    assert masking.mask_email() == "●●@●●.●●"
    assert masking.mask_fee() == "●●"


@pytest.mark.parametrize(
    "name", ["李𬱖", "张𠅤宇", "阿依古丽·买买提江", "O'Brien-Smith", "一" * 50, "Zoë"]
)
def test_rare_and_long_names_are_kept(name: str) -> None:
    assert clean_name(name) == name


def test_other_middle_dots_become_the_one_of_names() -> None:
    assert clean_name("古丽•买买提") == "古丽·买买提"


@pytest.mark.parametrize(
    "name", ["", " ", "一" * 51, "张三😀", "张\u202e三", "张\u200b三", "张\x00三", "<b>", "张3"]
)
def test_names_that_pretend_get_a_sentence(name: str) -> None:
    found = clean_name(name)
    assert isinstance(found, TextFault)
    assert found.message.endswith("。")


@given(st.text())
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    found = clean_text(text, max_length=20)
    if isinstance(found, str):
        assert clean_text(found, max_length=20) == found
        assert len(found) <= 20
    name = clean_name(text)
    if isinstance(name, str):
        assert clean_name(name) == name


def test_a_surname_is_read_as_a_surname() -> None:
    assert name_pinyin("曾小明") == ("zeng xiao ming", "zxm")
    assert name_pinyin("王曾") == ("wang ceng", "wc")
    assert name_pinyin("阿依古丽·买买提") == ("a yi gu li mai mai ti", "ayglmmt")
    assert name_pinyin("") == ("", "")
    assert initials("东城区第一中学") == "dcqdyzx"


@pytest.mark.parametrize("kind", OrganisationKind)
def test_each_kind_of_organisation_has_its_word_and_place(kind: OrganisationKind) -> None:
    assert kind.label.startswith(("团", "基层团委", "高校团委"))
    assert kind in ALLOWED_CHILDREN
    assert OrganisationKind.MUNICIPAL not in ALLOWED_CHILDREN[kind]


def test_who_may_release_numbers() -> None:
    levels = {kind.label for kind in OrganisationKind if kind.is_district_level}
    assert levels == {"团区委", "团工委", "团教工委", "高校团委"}


@pytest.mark.parametrize("reason", RefusalReason)
def test_each_refusal_says_what_to_do_and_survives_the_pipe(reason: RefusalReason) -> None:
    refusal = Refusal(reason, page=3, pages=73, size=MAX_SCAN_BYTES + 1, found="PNG 图片")
    assert "请" in refusal.message or "可以" in refusal.message or "须" in refusal.message
    assert Refusal.from_json(refusal.to_json()) == refusal
    assert ScanRefused(refusal).message == refusal.message


def test_one_byte_too_many_does_not_read_as_fifteen() -> None:
    assert "15.1M，超过 15M" in Refusal(RefusalReason.TOO_LARGE, size=MAX_SCAN_BYTES + 1).message


def test_a_page_and_a_kind_are_named() -> None:
    assert "第 3 页" in Refusal(RefusalReason.NOT_A_SCAN, page=3).message
    assert "73 页" in Refusal(RefusalReason.TOO_MANY_PAGES, pages=73).message
    assert "别的格式" in Refusal(RefusalReason.NOT_PDF).message


@pytest.mark.parametrize(("size", "text"), [(1, "1K"), (660 * 1024, "660K"), (4404019, "4.2M")])
def test_sizes_are_written_as_the_guide_does(size: int, text: str) -> None:
    assert format_size(size) == text


def test_there_are_fifty_six_peoples() -> None:
    assert len(ETHNICITIES) == len(set(ETHNICITIES)) == 58
