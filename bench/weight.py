"""``bin/bench weight``: bytes and requests of a first and a later page, as a browser fetches them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from bench.pages import facts
from bench.server import BUILD, Client, portal, table

PICTURE = re.compile(r'src="(/scans/[^"]+)"')
PAGES = re.compile(r"</b> / (\d+) 页")


def main() -> None:
    instance: Path = BUILD / "bench-demo"
    with portal(instance) as (port, _):
        branch, district, member = Client(port), Client(port), Client(port)
        branch.sign_in(instance, "zhibu1")
        district.sign_in(instance, "quwei1")
        member.sign_in(instance, "tuanyuan")
        _, member_id = facts(instance)
        rows: list[tuple[object, ...]] = []
        for name, person, path in (
            ("登录", Client(port), "/sign-in"),
            ("我的团员 (50 rows)", branch, "/members/"),
            ("修改", branch, f"/members/{member_id}/edit"),
            ("团员信息", branch, f"/members/{member_id}"),
            ("点击查看", branch, f"/members/{member_id}/scan"),
            ("下级组织管理", district, "/organisations/"),
            ("我的团员证", member, "/card"),
        ):
            html, page = weigh(person, path)
            assets = [weigh(person, found)[0] for found in assets_of(page)]
            first = html + sum(assets)
            rows.append((name, f"{first / 1024:.1f}", 1 + len(assets), f"{html / 1024:.1f}"))
            if pictures := sorted(set(PICTURE.findall(page))):
                shown = sum(received(person, one)[0] for one in pictures)
                turned = heaviest_page(person, pictures[0], pages=int(PAGES.findall(page)[0]))
                rows.append(
                    (
                        f"{name}, with page 1",
                        f"{(first + shown) / 1024:.1f}",
                        1 + len(assets) + len(pictures),
                        f"{(html + shown) / 1024:.1f}",
                    )
                )
                rows.append((f"{name}: its heaviest page", "", "", f"{turned / 1024:.1f}"))
        for name, path in (
            ("partial: the list", "/members/"),
            ("partial: the cell", f"/members/{member_id}/scan/cell"),
            ("partial: the number check", f"/members/{member_id}/number?number=2026"),
        ):
            html, _ = weigh(branch, path, htmx=True)
            rows.append((name, "", "", f"{html / 1024:.1f}"))
        table(("page", "first time KB", "requests", "later KB"), rows)


def weigh(person: Client, path: str, *, htmx: bool = False) -> tuple[int, str]:
    """Bytes of body and headers on the wire with gzip, and the text."""
    size, content = received(person, path, **({"HX-Request": "true"} if htmx else {}))
    return size, content.decode()


def received(person: Client, path: str, **headers: str) -> tuple[int, bytes]:
    """Bytes of body and headers on the wire, and the body unpacked."""
    headers = {"Accept-Encoding": "gzip", **headers}
    status, content, answered = person.request("GET", path, headers=headers)
    assert status == 200, (path, status)
    size = len(content) + sum(len(name) + len(value) + 4 for name, value in answered.items())
    if answered.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return size, content


def heaviest_page(person: Client, picture: str, *, pages: int) -> int:
    """Bytes on the wire of the heaviest picture of a form, as the viewer fetches it page by page."""
    addresses = [picture.replace("/pages/1.jpg", f"/pages/{page + 1}.jpg") for page in range(pages)]
    return max(received(person, one)[0] for one in addresses)


def assets_of(page: str) -> list[str]:
    """What a browser fetches with the page; the icon once for all."""
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
