"""How a line of the record reads: of today's portal, an older one's and a newer one's."""

from __future__ import annotations

import pytest

from portal.services.audit import Event
from portal.services.record_sentences import SENTENCES, RecordKind, sentence
from portal.services.record_told import Told


def test_every_kind_of_event_has_a_sentence_and_stands_in_one_kind() -> None:
    assert set(SENTENCES) == set(Event)
    assert sorted(one for kind in RecordKind for one in kind.events) == sorted(Event)
    for event in Event:
        for told in (Told(), Told(member="李某", place="支部", detail={"account_id": 1})):
            text = sentence(event, told)
            assert text
            assert "None" not in text
            assert text.strip() == text
        assert any("一" <= letter <= "鿿" for letter in sentence(event, Told()))
    assert len({kind.label for kind in RecordKind}) == len(RecordKind)
    assert "不认识" in sentence("of another portal", Told())


def test_free_text_shows_no_id_number_and_no_phone() -> None:
    reason = "他是 110101200001011237，电话 13800138000，编号 202611000123"
    told = sentence(Event.NUMBER_RELEASED, Told({"reason": reason}))
    assert told.endswith("，原因：他是 110●●●●●●●●●●●●●●●，电话 138●●●●●●●●，编号 202611000123")


WHO = {"member": "李某", "place": "支部"}


@pytest.mark.parametrize(
    ("event", "told", "said"),
    [
        (
            Event.MEMBER_CHANGED,
            Told(
                {
                    "changes": {
                        "is_student": [False, True],
                        "fee_cents": [20, None],
                        "joined": ["2020-01-01", "soon"],
                        "number": ["", "202611000003"],
                        "education": ["", "高中"],
                        "phone": ["changed"],
                        "shoe_size": [38, 39],
                    }
                },
                **WHO,
            ),
            "修改了 支部 李某 的信息：是否高校学生 否 → 是；团费缴纳额度 0.20 元 → 空；"
            "入团年月 2020-01 → soon；团员编号 空 → 2026 1100 0003；最高学历 空 → 高中；"
            "电话（内容不记录）；shoe_size 38 → 39",
        ),
        (Event.MEMBER_CHANGED, Told({"changes": "?"}, **WHO), "修改了 支部 李某 的信息"),
        (
            Event.CODE_ISSUED,
            Told({"joining_id": 5, "account_made": True}, applicants={5: "赵某"}),
            "给 申请人 赵某 发了一次性码，并开通了账号",
        ),
        (Event.CODE_ISSUED, Told({"account_id": 7}, **WHO), "给 支部 李某 发了一次性码"),
        (Event.CODE_REFUSED, Told(), "想给申请人发一次性码，没有找到姓名和身份证号都相符的人"),
        (
            Event.CODE_REFUSED,
            Told(by_person=False),
            "用一次性码设置密码没有成功：账号或一次性码不对",
        ),
        (
            Event.SCAN_UPLOADED,
            Told({"pages": 8, "size": 1048576, "origin": "arranged"}, **WHO),
            "上传了 支部 李某 的《入团志愿书》（8 页 · 1.0M · 整理）",
        ),
        (
            Event.SCAN_UPLOADED,
            Told({"pages": 8, "origin": "of a newer portal"}, **WHO),
            "上传了 支部 李某 的《入团志愿书》（8 页）",
        ),
        (
            Event.SCAN_CHECKED,
            Told({"faults": "blurred", "pages": {"blurred": [3]}, "remark": "请重扫"}, **WHO),
            "检查了 支部 李某 的《入团志愿书》：模糊（第 3 页），说明：请重扫",
        ),
        (
            Event.SCAN_CHECKED,
            Told({"faults": "of_a_newer_portal"}, **WHO),
            "检查了 支部 李某 的《入团志愿书》：of_a_newer_portal",
        ),
        (Event.ORGANISATION_MOVED, Told({"path": "?"}), "移动了组织：?"),
    ],
)
def test_a_line_reads_as_far_as_its_words_are_known(event: Event, told: Told, said: str) -> None:
    assert sentence(event, told) == said
