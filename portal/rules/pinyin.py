"""Pinyin of names, to sort and to find them by; surnames read as surnames are.

pypinyin is imported where it is used: its dictionaries are large, and most requests need none.
"""

from __future__ import annotations

# Characters that are read differently as a surname than elsewhere.
_SURNAMES = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "查": "zha", "任": "ren", "华": "hua",
    "朴": "piao", "区": "ou", "盖": "ge", "翟": "zhai", "尉": "wei", "乐": "yue", "召": "shao",
    "员": "yun", "黑": "he", "秘": "bi", "折": "she", "种": "chong", "洗": "xian", "缪": "miao",
}  # fmt: skip


def name_pinyin(name: str) -> tuple[str, str]:
    """A person's name as pinyin and as initials: 曾小明 → ``zeng xiao ming``, ``zxm``.

    Syllables stay apart, so that in order all 陈 (chen) stand before the first 程 (cheng).
    """
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(name)
    if name[:1] in _SURNAMES:
        syllables = [_SURNAMES[name[0]], *lazy_pinyin(name[1:])]
    letters = [syllable for syllable in syllables if syllable.strip("· '’-")]
    return " ".join(letters).lower(), "".join(one[0] for one in letters).lower()


def initials(text: str) -> str:
    """The first letters of any text: 东城区第一中学 → dcqdyzx; what has no pinyin stays."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower()
