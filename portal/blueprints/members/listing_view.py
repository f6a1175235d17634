"""The list of a branch's members as a page: its addresses, filters and sort links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import request

from portal.access import Action, Actor
from portal.services.listing import (
    Counts,
    Filter,
    ListPage,
    ListQuery,
    Sort,
    count_members,
    list_members,
)
from portal.services.member_rows import MemberRow


@dataclass(frozen=True, slots=True)
class FilterLink:
    """A filter above the list."""

    key: str
    label: str
    count: int
    current: bool
    url: str
    tone: str | None


@dataclass(frozen=True, slots=True)
class SortLink:
    """A column's heading: where a click leads, and how the list is sorted by it now."""

    url: str
    direction: str | None


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch whose list it is."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the list's template shows."""

    branch: Branch
    own: bool
    filters: tuple[FilterLink, ...]
    query: str
    filter_key: str
    sorts: Mapping[str, SortLink]
    rows: tuple[MemberRow, ...]
    next_url: str | None
    previous_url: str | None
    empty: str
    action_url: str


FILTERS: tuple[tuple[Filter, str, str | None], ...] = (
    (Filter.ALL, "全部", None),
    (Filter.NEW, "新发展", None),
    (Filter.MISSING, "未上传", "warning"),
    (Filter.OVERDUE, "已逾期", "wrong"),
    (Filter.FAULTY, "检查不合格", "warning"),
    (Filter.IRREGULAR, "编号不规范", "warning"),
    (Filter.REPORTED, "报告错误", "warning"),
    (Filter.LEFT, "已移出", None),
)
RARE = (Filter.FAULTY, Filter.REPORTED, Filter.LEFT)


def listing_for(actor: Actor, action: Action, branch: Branch, *, url: str, own: bool) -> Listing:
    """The list at ``url`` as the address bar asks for it."""
    asked = parse_query()
    page = list_members(actor, action, branch.id, asked)
    counts = count_members(actor, action, branch.id)
    first = replace(asked, after="", before="")
    return Listing(
        branch=branch,
        own=own,
        filters=tuple(
            FilterLink(
                key,
                label,
                getattr(counts, key.value),
                key is asked.filter,
                _address(url, replace(first, filter=key)),
                tone,
            )
            for key, label, tone in FILTERS
            # In most branches there are none of these: then there is nothing to filter.
            if key not in RARE or getattr(counts, key.value) or asked.filter is key
        ),
        query=asked.text,
        filter_key=asked.filter.value,
        sorts={sort.value: _sort_link(url, first, sort) for sort in Sort},
        rows=page.rows,
        next_url=_address(url, replace(first, after=page.after)) if page.after else None,
        previous_url=_address(url, replace(first, before=page.before)) if page.before else None,
        empty=_empty(asked, counts, page),
        action_url=url,
    )


def parse_query() -> ListQuery:
    """What the address asks for; an unknown filter or sort is the default one."""
    args = request.args
    return ListQuery(
        filter=Filter(args["filter"]) if args.get("filter") in list(Filter) else Filter.ALL,
        text=args.get("q", "").strip()[:50],
        sort=Sort(args["sort"]) if args.get("sort") in list(Sort) else Sort.NAME,
        descending=args.get("order") == "desc",
        after=args.get("after", ""),
        before=args.get("before", ""),
    )


def _sort_link(url: str, asked: ListQuery, sort: Sort) -> SortLink:
    if asked.sort is not sort:
        return SortLink(_address(url, replace(asked, sort=sort, descending=False)), None)
    turned = replace(asked, descending=not asked.descending)
    return SortLink(_address(url, turned), "desc" if asked.descending else "asc")


def _address(url: str, asked: ListQuery) -> str:
    wanted = {
        "filter": "" if asked.filter is Filter.ALL else asked.filter.value,
        "q": asked.text,
        "sort": "" if asked.sort is Sort.NAME else asked.sort.value,
        "order": "desc" if asked.descending else "",
        "after": asked.after,
        "before": asked.before,
    }
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"{url}?{query}" if query else url


def _empty(asked: ListQuery, counts: Counts, page: ListPage) -> str:
    """What an empty list says: what would be here, and the next step."""
    if page.rows:
        return ""
    if asked.text:
        return f"没有找到姓名、拼音或编号含“{asked.text}”的团员。可以换一个字，或清空后看全部。"
    match asked.filter:
        case Filter.MISSING if counts.new:
            return f"没有未上传的团员。本支部 {counts.new} 名新发展团员的《入团志愿书》都已上传。"
        case Filter.MISSING | Filter.NEW:
            return "本支部没有新发展团员，不需要上传《入团志愿书》。"
        case Filter.OVERDUE:
            return "没有逾期的团员。审批同意后 30 日内上传即可。"
        case Filter.FAULTY:
            return "没有检查不合格的《入团志愿书》。上级检查指出的问题都已重新上传或改为合格。"
        case Filter.IRREGULAR:
            return "没有编号不规范的团员。"
        case Filter.REPORTED:
            return "没有待处理的报错。团员报告自己的信息有误时会显示在这里。"
        case Filter.LEFT:
            return "没有移出的团员。退团、去世或录入错误的，可以在“修改”里移出，以后还能恢复。"
        case Filter.ALL:
            return "本支部还没有团员。"
