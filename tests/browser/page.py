"""Checks of a report in headless Chromium: page.py CHECKS FILE."""

import json
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

PLOTS = ["incumbent", "curves", "rungs", "slices", "parallel", "timeline"]


def launch(playwright):
    found = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@contextmanager
def opened(path, fragment="", width=1100, scheme="light"):
    """The page; fails on an error in the console, an uncaught error, a dialog, and a request for anything but the file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        faults = []
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        url = Path(path).as_uri()
        page.on("request", lambda request: request.url.split("#")[0] == url or faults.append(f"request: {request.url}"))
        page.set_default_timeout(10_000)
        page.goto(url + fragment)
        yield page
        assert not faults, faults
        browser.close()


def marks(page, plot):
    """The trials of all marks of a plot."""
    script = """name => [...document.querySelectorAll(`article .plot-${name} path.marks[data-trials]`)]
        .flatMap(path => path.dataset.trials.split(" ").map(Number))"""
    return page.evaluate(script, plot)


def mark_count(page, plot):
    script = """name => [...document.querySelectorAll(`article .plot-${name} path.marks[data-trials]`)]
        .reduce((sum, path) => sum + path.getAttribute("d").split("M").length - 1, 0)"""
    return page.evaluate(script, plot)


def column(page, at):
    return page.evaluate(f"[...document.querySelectorAll('table.trials tbody tr')].map(row => row.cells[{at}].textContent)")


def position(page, plot, trial):
    """A point of the screen on the first mark of a trial."""
    script = """([name, trial]) => {
        for (const path of document.querySelectorAll(`article .plot-${name} path.marks[data-trials]`)) {
            const at = path.dataset.trials.split(" ").indexOf(String(trial));
            if (at < 0) continue;
            path.closest("svg").scrollIntoView({block: "center"});
            const [x, y] = path.getAttribute("d").split("M").slice(1)[at].split("L").at(-1).split(" ").map(parseFloat);
            const point = new DOMPoint(x, y).matrixTransform(path.getScreenCTM());
            return [point.x, point.y];
        }
        return null;
    }"""
    return page.evaluate(script, [plot, trial])


def overlays(page, kind):
    return page.locator(f"article svg path.overlay.{kind}").count()


def check_marks(page, study):
    trials = {trial["trial"] for trial in study["trials"]}
    scored = {trial["trial"] for trial in study["trials"] if trial["value"] is not None}
    launched = study["status"]["jobs"]["launched"]
    for plot in PLOTS:
        assert mark_count(page, plot) == len(marks(page, plot)) > 0, plot
    assert sorted(marks(page, "curves")) == sorted(scored)
    assert sorted(marks(page, "parallel")) == sorted(scored)
    assert len(marks(page, "timeline")) == launched and set(marks(page, "timeline")) == trials
    succeeded = study["status"]["jobs"]["succeeded"]
    assert len(marks(page, "rungs")) == succeeded, (len(marks(page, "rungs")), succeeded)
    panels = page.locator("article svg.plot-slices").count()
    assert len(marks(page, "slices")) % panels == 0


def check_table(page, study):
    head = page.evaluate("[...document.querySelectorAll('table.trials th')].map(cell => cell.textContent)")
    loss, x, status = head.index("loss"), head.index("x"), head.index("status")
    assert [int(trial) for trial in column(page, 0)] == [trial["trial"] for trial in study["trials"]]
    for expected in ["ascending", "descending"]:
        page.locator("table.trials th button").nth(loss).click()
        assert page.locator("table.trials th").nth(loss).get_attribute("aria-sort") == expected
        values = [float(value) for value in column(page, loss) if value != "–"]
        assert values == sorted(values, reverse=expected == "descending"), values
        assert "–" not in column(page, loss)[: len(values)], "cells without a value are last"
    field = page.locator(".filter input")
    field.fill("x<0.5")
    assert column(page, x) and all(float(value) < 0.5 for value in column(page, x))
    kept = set(map(int, column(page, 0)))
    assert page.locator("article svg.filtered").count() == page.locator("article .figure svg.plot").count()
    drawn = page.evaluate("[...document.querySelectorAll('.plot-parallel path.overlay.kept')].reduce((n, p) => n + p.getAttribute('d').split('M').length - 1, 0)")
    assert drawn == len(kept & set(marks(page, "parallel"))), drawn
    field.fill("status=failed")
    assert set(column(page, status)) == {"failed"}
    field.fill("no_such_column<3")
    assert "invalid" in field.get_attribute("class") and len(column(page, 0)) == len(study["trials"])
    field.fill("")
    assert page.locator("article svg.filtered").count() == 0 and len(column(page, 0)) == len(study["trials"])


def check_selection(page, study):
    trial = study["trials"][-3]["trial"]
    page.mouse.move(*position(page, "timeline", trial))
    page.locator("#tip").wait_for(state="visible")
    assert f"trial {trial}" in page.locator("#tip").inner_text()
    assert overlays(page, "hovered") > 0
    page.mouse.move(2, 2)
    page.locator("#tip").wait_for(state="hidden")
    best = study["best"]["trial"]
    page.mouse.click(*position(page, "curves", best))
    assert page.evaluate("location.hash") == f"#trial-{best}"
    plots = page.evaluate("[...new Set([...document.querySelectorAll('path.overlay.selected')].map(p => p.closest('svg').classList[1]))].sort()")
    assert plots == sorted(f"plot-{plot}" for plot in PLOTS), plots
    assert page.locator("tr.selected").get_attribute("data-trial") == str(best)
    page.locator("#selection button").click()
    assert overlays(page, "selected") == 0 and page.evaluate("location.hash") == ""
    page.locator(f'tr[data-trial="{trial}"]').click()
    assert page.evaluate("location.hash") == f"#trial-{trial}"


def check_brush(page, study):
    box = page.locator("article rect.brush").last.bounding_box()
    page.locator("article rect.brush").last.scroll_into_view_if_needed()
    box = page.locator("article rect.brush").last.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + box["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"], steps=4)
    page.mouse.up()
    rows = len(column(page, 0))
    assert 0 < rows < len(study["trials"]), rows
    page.mouse.click(middle, box["y"] + box["height"] / 2)
    assert len(column(page, 0)) == len(study["trials"])


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def report(path):
    study = json.loads(Path(path).with_name("trials.json").read_text())["studies"][0]
    with opened(path) as page:
        check_marks(page, study)
        check_table(page, study)
        check_selection(page, study)
        check_brush(page, study)
        light = background(page)
    trial = study["trials"][1]["trial"]
    with opened(path, f"#trial-{trial}", width=390, scheme="dark") as page:
        assert fits(page) and background(page) != light
        assert f"trial {trial}" in page.locator("#selection").inner_text() and overlays(page, "selected") > 0
    with opened(path) as page:
        page.emulate_media(media="print")
        assert page.locator("nav").is_hidden() and fits(page)


def hostile(path):
    for width in [1100, 390]:
        with opened(path, width=width) as page:
            assert fits(page)
            assert page.locator("img, article b, article script:not(.data)").count() == 0
            assert page.locator("body > script").count() == 1
            head = page.evaluate("[...document.querySelectorAll('table.trials th')].map(cell => cell.textContent)")
            assert "<img src=x onerror=alert(1)>" in head and "</title><b>" in head, head
            text = page.evaluate("document.querySelector('table.trials').textContent")
            assert "</script><script>alert(2)</script>" in text or "<!--<script>" in text, text
            labels = page.evaluate("[...document.querySelectorAll('svg text')].map(label => label.textContent).join('\\n')")
            assert "<img src=x" in labels, labels
            trial = int(column(page, 0)[0])
            page.locator("table.trials tbody tr").first.click()
            assert "onerror" in page.locator("#selection").inner_text()
            if width < 1000:
                continue
            page.mouse.move(*position(page, "curves", trial))
            page.locator("#tip").wait_for(state="visible")
            assert page.locator("#tip img, #selection img").count() == 0


def compared(path):
    with opened(path, "#study-1-trial-3") as page:
        assert page.locator("#comparison svg path.study").count() > 1
        selected = "[...document.querySelectorAll('path.overlay.selected')].map(p => p.closest('article').dataset.prefix)"
        assert set(page.evaluate(selected)) == {"study-1-"}
        page.locator('article[data-prefix=""] tr[data-trial="2"]').click()
        assert set(page.evaluate(selected)) == {""} and page.evaluate("location.hash") == "#trial-2"
        assert fits(page)


def available():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launch(playwright).close()


if __name__ == "__main__":
    checks = {"available": available, "report": report, "hostile": hostile, "compared": compared}
    checks[sys.argv[1]](*map(os.path.abspath, sys.argv[2:]))
