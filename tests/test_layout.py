"""The documentation in a browser: at every width, in light and dark, each page fits and nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .browser import chromium, documentation, served

pytestmark = pytest.mark.heavy  # builds the documentation, and lays every page out some thirty times

WIDTHS = [
    *range(360, 1921, 120),
    375,
    390,
    414,
    767,
    768,
    776,
    943,
    944,
    1007,
    1008,
    1009,
    1016,
    1215,
    1311,
    1312,
    1313,
]
WIDTHS += [1320, 1366, 1503, 1536, 1551, 1552, 1553, 1655]

TOO_WIDE = """() => {
    const faults = [], root = document.documentElement, width = root.clientWidth;
    if (root.scrollWidth > width) faults.push(`the page is ${root.scrollWidth} wide`);
    const scrolls = (element) => {
        for (let box = element; box && box !== document.body; box = box.parentElement)
            if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return box;
        return null;
    };
    const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode, parent = text.parentElement;
        if (!text.data.trim() || !shown(parent) || parent.closest("svg, script, style, noscript, .visually-hidden")) continue;
        const drawer = parent.closest(".sidebar-drawer, .toc-drawer");
        const range = document.createRange();
        range.selectNodeContents(text);
        const box = range.getBoundingClientRect();
        if (!box.width) continue;
        if (drawer) {  // a drawer that is closed waits beside the page
            const place = drawer.getBoundingClientRect();
            if (place.right <= 0 || place.left >= width) continue;
        }
        const scroller = scrolls(parent), limit = scroller ? scroller.getBoundingClientRect() : { left: 0, right: width };
        const name = JSON.stringify(text.data.trim().slice(0, 40));
        if (limit.left < -1 || limit.right > width + 1) faults.push(`what holds ${name} ends at ${limit.right}`);
        else if (!scroller && (box.left < -1 || box.right > width + 1)) faults.push(`${name} ends at ${box.right}`);
        for (let around = parent; around && around !== scroller; around = around.parentElement) {
            const style = getComputedStyle(around);
            if (style.overflowX === "hidden" && around.scrollWidth > around.clientWidth + 1 && around.clientWidth > 1)
                faults.push(`${name} is cut off by ${around.className || around.tagName}`);
        }
    }
    return faults;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Any, str, list[str]]]:
    """A browser, where the documentation is, and its pages."""
    with chromium() as browser:
        folder = documentation()
        pages = sorted(str(page.relative_to(folder)) for page in folder.rglob("*.html"))
        with served(folder) as address:
            yield browser, address, pages


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_at_every_width(site: tuple[Any, str, list[str]], scheme: str) -> None:
    browser, address, pages = site
    faults: dict[str, dict[str, list[int]]] = {}
    page = browser.new_page(color_scheme=scheme)
    for name in pages:
        page.goto(f"{address}/{name}")
        for width in sorted(WIDTHS) if scheme == "light" else (390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            for fault in page.evaluate(TOO_WIDE):
                faults.setdefault(name, {}).setdefault(fault.rsplit(" ends at", 1)[0], []).append(width)
    page.close()
    assert faults == {}


def test_what_is_cut_is_noticed(site: tuple[Any, str, list[str]]) -> None:
    browser, address, _ = site
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.goto(f"{address}/index.html")
    page.add_style_tag(content=".content { width: 58em; }")
    assert page.evaluate(TOO_WIDE)
    page.close()


@pytest.mark.parametrize("word", ["where", "like", "none", "any", "is", "in", "not"])
def test_the_words_of_the_language_are_found(site: tuple[Any, str, list[str]], word: str) -> None:
    browser, address, _ = site
    page = browser.new_page()
    page.goto(f"{address}/search.html?q={word}")
    page.wait_for_selector("#search-results p.search-summary", timeout=20_000)
    page.wait_for_timeout(500)
    assert page.locator("#search-results li").count() > 0, page.inner_text("#search-results")
    page.close()
