"""A real browser for the page: Debian's Chromium, headless, driven by selenium, and allowed nowhere.

Without a browser, its driver or the extra these tests are skipped with a sentence; continuous integration
installs them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result

SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # continuous integration runs as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
MODES = ("light", "dark", "phone", "print")


class Reader:
    """Somebody who opens a page in one of the modes."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, mode: str = "light") -> None:
        """Open it; a page on paper is as wide as A4 less its margins."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if mode == "dark" else "light"}
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": "print" if mode == "print" else "", "features": [scheme]}
        )
        width = {"phone": 400, "print": 696}.get(mode, 1280)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(page.as_uri())

    def ask(self, script: str, *arguments: object) -> Any:
        """What a script finds. It is run by the driver, past the page's policy, which allows none."""
        return self.driver.execute_script(script, *arguments)


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One browser for all of these tests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver_path = shutil.which("chromedriver")
    if browser is None or driver_path is None:
        pytest.skip(
            "there is no Chromium with its driver on this machine (Debian: chromium, chromium-driver)"
        )
    choices = webdriver.ChromeOptions()
    choices.binary_location = browser
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        choices.add_argument(switch)
    choices.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=choices, service=webdriver.ChromeService(driver_path))
    driver.set_script_timeout(120)
    yield Reader(driver)
    driver.quit()


CALLS = {
    "04": ["scenarios/04-fund-half-absorbs.yaml"],
    "14": ["scenarios/14-counterparty-skipped.yaml", "--account", "dana"],
    "18": ["scenarios/18-march-2020.yaml"],
    "21": ["scenarios/21-who-pays.yaml", "--compare", "queue,pro-rata,minimax-leverage,haircut"],
    "both": ["scenarios/04-fund-half-absorbs.yaml", "scenarios/16-queue-too-short.yaml"],
}


@pytest.fixture
def page(adlcalc: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """page("04"): the page of that call, made once."""

    def made(name: str) -> Path:
        pytest.importorskip("vl_convert", reason="the page needs the extra `report`")
        pytest.importorskip("jinja2", reason="the page needs the extra `report`")
        folder = tmp_path_factory.getbasetemp() / "pages"
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.html"
        if not path.exists():
            result = adlcalc("report", "-q", *CALLS[name], "-o", str(path))
            assert result.code == 0, result.err
        return path

    return made


__all__ = ["CALLS", "MODES", "ROOT", "Reader"]
