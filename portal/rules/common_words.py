"""What people make passwords of when they think of nothing: our own list, lower case.

Well-known weak passwords, the words they are built from, and Chinese habits (numbers that sound
like a sentence, pinyin). ``common_passwords`` joins them with the tails that are put behind them.
"""

from __future__ import annotations

from functools import cache

WORDS: frozenset[str] = frozenset(
    """
    password passwd passw0rd pass passport secret admin administrator root user guest test tester
    login welcome hello master manager system server default change changeme access letmein
    internet computer windows google baidu tencent taobao alibaba alipay weixin wechat huawei
    xiaomi apple iphone android samsung microsoft oracle mysql github
    iloveyou ilove love lovely lover loveyou forever baby angel princess sunshine superman batman
    dragon tiger monkey football basketball baseball soccer michael jordan charlie george thomas
    daniel jessica ashley shadow summer winter spring autumn flower orange banana cookie chocolate
    happy lucky money freedom whatever trustno nothing something starwars pokemon naruto minecraft
    killer hunter ranger maggie pepper ginger silver golden diamond purple yellow black white green
    monday friday sunday january december china chinese beijing shanghai guangzhou shenzhen
    qwerty qwertyuiop qwert asdfgh asdfghjkl asdf zxcvbnm zxcvbn zxcv qazwsx qazwsxedc qweasd
    qweasdzxc 1qaz2wsx 1q2w3e 1q2w3e4r 1q2w3e4r5t q1w2e3 q1w2e3r4 q1w2e3r4t5 zaq12wsx asd qwe zxc
    a1b2c3 a1b2c3d4 abc abcd abcabc aabbcc abc123 aa123456 a123456 a12345678 a123456789
    123456 1234567 12345678 123456789 1234567890 0123456789 0987654321 987654321 123123 123123123
    123321 1234321 112233 11223344 1122334455 111222 111222333 12341234 123454321 654321 147258
    147258369 159357 159753 258369 369258 456789 789456 789456123 123654 123654789 321321 131420
    520 521 1314 5201314 520520 521521 5211314 1314520 1314521 13145200 3344 3344520 7758521
    7758258 1573 168168 518518 186186 888888 666666 168888 5188 9958 8023 5683968 100200 201314
    woaini woaini520 woaini521 woaini1314 woaini5201314 woaiwo woaiwojia woaiziji woaibaobao
    woaimama woaibaba woaizhongguo woaibeijing woshishui woshini woshiniba woshiwo nishizhu
    nishishui nihao nihaoma niyoubing shabi zhangxinxin wodemima mima mimamima wangle wangjile
    meimima caonima qunima tamade laopo laogong baobao baobei xiaobao xiaoming xiaohong xiaoli
    xiaolong xiaotian xiaoxiao xiaoxin yingying lingling lili feifei dandan tingting jingjing
    zhongguo zhonghua beijing tiananmen gugong changcheng shanghai guangdong tianjin qinghua beida
    tuanzhibu tuanwei tuanyuan tuanshiwei tuanquwei gongqingtuan zhibu tuanzuzhi tuangongwei
    gongchandang gongqing qingnian xuesheng laoshi banzhuren xuexiao gaoyi gaoer gaosan chuyi
    chuer chusan daxue zhongxue xiaoxue xuexi jiayou fendou guanliyuan denglu zhuce yonghu
    zhanghao wangluo diannao shouji xinxi zhongkao gaokao wudi tiancai xingfu kuaile pingan
    jiankang facai gongxi xinnian chunjie shengri meili aiqing pengyou jiejie meimei gege didi
    mama baba yeye nainai jiating haohao tiantian xuexi haohaoxuexi tiantianxiangshang
    zhangwei wangwei wangfang liwei lina zhangmin lijing wangjing liuwei wangxiuying zhangli
    lixiuying wanglei zhangjing lijun liqiang wangmin liuyang wangyan wangyong wangjun chenjing
    yangyang wuyang zhaolei sunli zhoumin liuyan chenchen lichen liming xuming gaofei tangtang
    """.split()
)

TAILS: tuple[str, ...] = tuple(
    "1 12 123 1234 12345 123456 1234567 12345678 123456789 0 00 000 11 111 666 888 999 520 521 "
    "1314 5201314 110 119 168 a abc qwe asd ! !! . @ # @123 #123 123! 123. 123@ 123# _123 -123 "
    "2008 2010 2018 2019 2020 2021 2022 2023 2024 2025 2026".split()
)
"""What is put behind a word to make it longer."""

# The syllables of pinyin by their initial; "" those without one.
_SYLLABLES = {
    "": "a ai an ang ao e ei en er o ou",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei eng i ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong u uan ue uo v",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu ong ou u uan ue un uo v",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}

SYLLABLES: frozenset[str] = frozenset(
    initial + final for initial, finals in _SYLLABLES.items() for final in finals.split()
)

# Rows and columns of the keyboard and of the number pad, as fingers run over them.
RUNS: tuple[str, ...] = (
    "1234567890-=",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "147258369",
    "123654789",
    "!@#$%^&*()",
)


@cache
def common_passwords() -> frozenset[str]:
    """The listed words alone, doubled, and with a tail before or behind: some ten thousand."""
    joined = {word + tail for word in WORDS for tail in TAILS}
    before = {tail + word for word in WORDS for tail in ("1", "123", "123456", "a", "aa", "520")}
    return WORDS | {word + word for word in WORDS} | joined | before
