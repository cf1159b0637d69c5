"""The page in a real browser, and requests that are not the page's."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.drawing.picture import picture_of
from curated.drawing.server import Drawing, DrawingServer
from support.packages import defects_text

HEAD = defects_text().split("x0 y0")[0]
TEXT = f"{HEAD}x0 y0 width height\n# the hot column\n10 20 1 60\n"


class Saved:
    """Stands in for the disk: keeps what is saved, or refuses it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.refusal = ""

    def __call__(self, new: bytes, _: bytes) -> None:
        if self.refusal:
            raise CuratedError(self.refusal, "run it again")
        self.texts.append(new.decode())


@pytest.fixture
def saved() -> Saved:
    return Saved()


@pytest.fixture
def server(tmp_path: Path, saved: Saved) -> Iterator[DrawingServer]:
    rng = np.random.default_rng(1)
    fits.PrimaryHDU(rng.normal(1000, 5, (80, 100)).astype("f4")).writeto(tmp_path / "flat.fits")
    drawing = Drawing("defects/d00/x.ecsv", picture_of(tmp_path / "flat.fits"), TEXT.encode(), saved)
    with DrawingServer(drawing) as started:
        thread = threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def ask(
    server: DrawingServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    answer = connection.getresponse()
    result = answer.status, answer.read(), answer.headers
    connection.close()
    return result


def test_it_listens_on_this_machine_only(server: DrawingServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.path) > 30


def test_other_requests_are_refused(server: DrawingServer, saved: Saved) -> None:
    own = f"http://127.0.0.1:{server.server_port}"
    boxes = b"[]"
    json_type = "application/json"
    assert ask(server, "GET", "/")[0] == 404
    assert ask(server, "GET", "/state")[0] == 404
    assert ask(server, "GET", f"{server.path}../../etc/passwd")[0] == 404
    assert ask(server, "GET", f"{server.path}server.py")[0] == 404
    assert ask(server, "GET", server.path, Host="evil.example")[0] == 421
    assert ask(server, "POST", f"{server.path}save", boxes, Content_Type=json_type)[0] == 403
    assert (
        ask(
            server, "POST", f"{server.path}save", boxes, Content_Type=json_type, Origin="http://evil.example"
        )[0]
        == 403
    )
    assert ask(server, "POST", f"{server.path}save", boxes, Content_Type="text/plain", Origin=own)[0] == 403
    assert ask(server, "POST", "/save", boxes, Content_Type=json_type, Origin=own)[0] == 404
    assert (
        ask(server, "POST", f"{server.path}save", b"[" * 100_000, Content_Type=json_type, Origin=own)[0]
        == 400
    )
    too_long = {"Content_Type": json_type, "Origin": own, "Content_Length": "99999999"}
    assert ask(server, "POST", f"{server.path}save", b"", **too_long)[0] == 413
    assert ask(server, "PUT", server.path)[0] == 501
    assert saved.texts == []
    status, _, headers = ask(server, "GET", server.path)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_state_and_errors(server: DrawingServer, saved: Saved) -> None:
    own = {"Content_Type": "application/json", "Origin": f"http://127.0.0.1:{server.server_port}"}
    state = json.loads(ask(server, "GET", f"{server.path}state")[1])
    assert (state["width"], state["height"], len(state["boxes"])) == (100, 80, 1)

    def sent(boxes: list[Any], version: str = state["version"]) -> bytes:
        return json.dumps({"version": version, "boxes": boxes}).encode()

    assert ask(server, "POST", f"{server.path}save", b"[]", **own)[0] == 409
    status, body, _ = ask(server, "POST", f"{server.path}save", sent([{"row": 9}]), **own)
    assert (status, "lacks a value" in json.loads(body)["error"]) == (409, True)
    saved.refusal = "x.ecsv has changed in the meantime"
    status, body, _ = ask(server, "POST", f"{server.path}save", sent([]), **own)
    assert (status, json.loads(body)["error"]) == (409, "x.ecsv has changed in the meantime (run it again)")
    saved.refusal = ""
    status, body, _ = ask(server, "POST", f"{server.path}save", sent([]), **own)
    assert (status, json.loads(body)["boxes"]) == (200, [])
    assert saved.texts == [f"{HEAD}x0 y0 width height\n# the hot column\n"]
    # A second page still has the rows of before: what it sends would be of other rows.
    status, body, _ = ask(server, "POST", f"{server.path}save", sent(state["boxes"]), **own)
    assert (status, "another page" in json.loads(body)["error"]) == (409, True)
    assert len(saved.texts) == 1


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("needs chromium and chromedriver, which 'make test' installs")
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run",
                     "disable-background-networking", "disable-component-update", "disable-sync",
                     f"user-data-dir={tmp_path / 'profile'}", "window-size=900,700"):  # fmt: skip
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        yield driver
    finally:
        driver.quit()


def test_drawing_in_a_browser(server: DrawingServer, saved: Saved, browser: Any) -> None:
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    def element(name: str) -> Any:
        return browser.find_element(By.ID, name)

    def wait(condition: Any) -> None:
        WebDriverWait(browser, 20, 0.02).until(lambda _: condition())

    def rows() -> list[str]:
        return [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#rows tr")]

    browser.get(server.address)
    wait(lambda: browser.find_element(By.TAG_NAME, "body").get_dom_attribute("data-ready") == "yes")
    assert rows() == ["10 20 1 60"]
    canvas = element("canvas")
    scale = browser.execute_script("return scale")

    def drag(x0: int, y0: int, x1: int, y1: int) -> None:
        """Drag from the middle of a pixel to that of another; offsets count from the centre of the canvas."""
        places = [
            (round((x + 0.5 - 50) * scale), round((80 - y - 0.5 - 40) * scale))
            for x, y in ((x0, y0), (x1, y1))
        ]
        (ActionChains(browser, duration=20).move_to_element_with_offset(canvas, *places[0]).click_and_hold()
         .move_to_element_with_offset(canvas, *places[1]).release().perform())  # fmt: skip

    drag(30, 10, 39, 14)
    drag(59, 70, 50, 61)
    assert rows() == ["10 20 1 60", "30 10 10 5", "50 61 10 10"]
    element("undo").click()
    assert rows() == ["10 20 1 60", "30 10 10 5"]
    ActionChains(browser).key_down(Keys.CONTROL).send_keys("y").key_up(Keys.CONTROL).perform()
    assert len(rows()) == 3
    browser.find_elements(By.CSS_SELECTOR, "#rows tr")[2].click()
    ActionChains(browser).send_keys(Keys.DELETE).perform()
    assert rows() == ["10 20 1 60", "30 10 10 5"]
    browser.find_elements(By.CSS_SELECTOR, "#rows tr")[0].click()
    browser.execute_script(
        "const e = document.getElementById('width'); e.value = 3; e.dispatchEvent(new Event('change'))"
    )
    element("save").click()
    wait(lambda: "saved" in element("message").text)
    assert saved.texts == [f"{HEAD}x0 y0 width height\n# the hot column\n10 20 3 60\n30 10 10 5\n"]
    assert not element("save").is_enabled()
    saved.refusal = "x.ecsv has changed in the meantime"
    drag(1, 1, 2, 2)
    element("save").click()
    wait(lambda: "meantime" in element("message").text)
    assert element("message").get_dom_attribute("class") == "error"
    assert len(rows()) == 3
    element("undo").click()
    # With the keyboard alone: a box of one pixel, of which the values are typed.
    ActionChains(browser).send_keys("n", "7", Keys.TAB, Keys.TAB, "4", Keys.TAB).perform()
    assert (rows()[-1].split()[0], rows()[-1].split()[2:]) == ("7", ["4", "1"])
    for _ in range(3):
        element("undo").click()
    errors = [
        entry
        for entry in browser.get_log("browser")
        if entry["level"] == "SEVERE" and "409" not in entry["message"] and "favicon" not in entry["message"]
    ]
    assert errors == []
    element("end").click()
    wait(lambda: "ended" in element("message").text)
