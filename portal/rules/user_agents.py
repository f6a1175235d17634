"""What a browser says it is, in words that a person knows: 360 浏览器 · Windows."""

from __future__ import annotations

# In this order: nearly all of them say Chrome and Safari too, and the own name comes on top.
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("360SE", "360 浏览器"),
    ("360EE", "360 浏览器"),
    ("QIHU", "360 浏览器"),
    ("MetaSr", "搜狗浏览器"),
    ("QQBrowser", "QQ 浏览器"),
    ("UCBrowser", "UC 浏览器"),
    ("HuaweiBrowser", "华为浏览器"),
    ("MiuiBrowser", "小米浏览器"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Trident", "IE"),
    ("MSIE", "IE"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙"),
    ("OpenHarmony", "鸿蒙"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "Chrome OS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Browser and system; ``未知设备`` for what says neither."""
    names = [
        name
        for known in (_BROWSERS, _SYSTEMS)
        if (name := next((name for sign, name in known if sign in user_agent), None))
    ]
    return " · ".join(names) or "未知设备"
