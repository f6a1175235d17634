"""The words that fields choose from; stored as text."""

from __future__ import annotations

# GB/T 3304-1991, in its order, and the two that the household register adds.
ETHNICITIES: tuple[str, ...] = tuple(
    "汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 "
    "哈尼族 哈萨克族 傣族 黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 "
    "柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 "
    "塔吉克族 怒族 乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 "
    "鄂伦春族 赫哲族 门巴族 珞巴族 基诺族 其他 外国血统中国籍人士".split()
)

# GB/T 4762-1984, those that a league member can have.
POLITICAL_STATUSES: tuple[str, ...] = (
    "中国共产主义青年团团员",
    "中国共产党预备党员",
    "中国共产党党员",
)

EDUCATION_LEVELS: tuple[str, ...] = (
    "初中",
    "高中",
    "中等专科",
    "职业高中",
    "技工学校",
    "大学专科",
    "大学本科",
    "硕士研究生",
    "博士研究生",
)

# What a branch sends an application back for; own words can be added to each.
RETURN_REASONS: tuple[str, ...] = (
    "姓名与纸质《入团志愿书》不一致",
    "编号与纸质《入团志愿书》首页不一致",
    "入团年月与纸质《入团志愿书》不一致",
    "上级团委审批日期不对",
    "不是本支部的团员",
    "其他",
)

# The same for who comes from outside (从外部转入).
MOVED_IN_RETURN_REASONS: tuple[str, ...] = (
    "姓名与回执或介绍信不一致",
    "编号与纸质《入团志愿书》首页不一致",
    "入团年月与纸质《入团志愿书》不一致",
    "转出组织与回执或介绍信不一致",
    "还没有收到回执或介绍信原件",
    "不是本支部的团员",
    "其他",
)
