"""A browser, and the pages that it opens from the file system. Where there is none the tests are skipped, but in CI."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lazynd import viz

from .opened import Opened
from .pages import views

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Where pictures of the pages are kept.
PICTURES = ROOT / "build" / "browser"


def missing(what: str) -> None:
    """There is no browser: a reason to skip, or to fail where one has to be there."""
    if os.environ.get("LAZYND_TEST_BROWSER") == "required":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, or another that is called so, driven by Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed: pip install lazynd[browser]")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        missing("there is no chromium")
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=arguments)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pathlib.Path]:
    """The file of each page, written when it is asked for first."""
    folder, known = tmp_path_factory.mktemp("pages"), views()

    def file(name: str) -> pathlib.Path:
        path = folder / f"{name}.html"
        if not path.exists():
            viz.save(known[name](), path)
        return path

    return file


@pytest.fixture
def open_page(browser: Any, files: Callable[[str], pathlib.Path]) -> Iterator[Callable[..., Opened]]:
    """Opens a page by name, or the explorer of a view; at the end nothing may have gone wrong in any of them."""
    opened: list[Opened] = []

    def open_it(what: Any, theme: str = "light", width: int = 1440, height: int = 900) -> Opened:
        path = what if isinstance(what, pathlib.Path) else files(what)
        opened.append(Opened(browser, path, theme, width, height))
        return opened[-1]

    yield open_it
    for page in opened:
        page.close()
        assert page.complaints == []
        assert page.requests == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Opened, str], None]:
    """Keeps a picture of a page under a name."""

    def keep(page: Opened, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.page.screenshot(path=PICTURES / f"{name}.png")

    return keep
