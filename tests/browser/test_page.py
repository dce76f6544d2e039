#!/usr/bin/python3
"""The demo page itself: links, words, refusals, keyboard, screen reader, narrow screens, content security policy."""
import re
import urllib.parse

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser_case import BrowserCase
from person import CONNECTED, wait_until
from server import SOON, main

# What a screen-reader user can reach or is told the name of.
NAMED_ROLES = {"button", "textbox", "checkbox", "link", "region", "group", "img", "image", "Video", "heading"}

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'none'", "base-uri 'none'",
    "frame-ancestors 'none'",
}


class PageTest(BrowserCase):
    flags = ("--max-members", "2")

    def open(self, person, fragment=""):
        person.driver.get("about:blank")
        person.open(f"http://127.0.0.1:{self.server.port}/{fragment}")
        wait_until(lambda: person.run("return (await import('/page.js')).media.cameraOn"), CONNECTED, "a camera")

    # Links

    def test_a_link_fills_in_the_form(self):
        self.open(self.doctor, "#room=a%20b%26c&name=Dr.%20M%C3%BCller")
        self.assertEqual(self.doctor.element("room").get_property("value"), "a b&c")
        self.assertEqual(self.doctor.element("name").get_property("value"), "Dr. Müller")
        self.assertEqual(self.doctor.text("status"), "")  # and nothing more: that takes auto=1
        self.doctor.press("join")
        self.doctor.wait_for_status("You are the first here")
        link = self.doctor.element("link").get_property("value")
        self.assertEqual(urllib.parse.unquote_plus(urllib.parse.urlsplit(link).fragment), "room=a b&c")
        self.assertEqual(self.doctor.driver.current_url, link)

    def test_without_a_link_the_room_is_new_and_hard_to_guess(self):
        rooms = set()
        for _ in range(2):
            self.open(self.doctor)
            rooms.add(self.doctor.element("room").get_property("value"))
            self.doctor.press("new-room")
            rooms.add(self.doctor.element("room").get_property("value"))
        self.assertEqual(len(rooms), 4)
        for room in rooms:
            self.assertRegex(room, r"^[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}$")

    def test_copy_link(self):
        self.doctor.enter(self.server, self.room, "Doctor")
        self.doctor.wait_for_status("You are the first here")
        self.doctor.press("copy")
        self.doctor.wait_for_status("The link to this room was copied.")

    # Refusals, in words

    def test_a_full_room(self):
        self.meet()
        third = self.another_person()
        third.enter(self.server, self.room, "Third")
        third.wait_for_text("problem", "This room is full.")
        self.assertEqual(third.focus(), "join")
        self.patient.press("hang-up")
        self.doctor.wait_for_status("Patient hung up.")
        third.press("join")
        third.wait_for_picture_of("Doctor")
        self.assertFalse(third.element("problem").is_displayed())

    def test_names_the_server_would_refuse(self):
        self.open(self.doctor)
        for name in "", "ä" * 65, "Doctor\u202etxt.exe":
            self.doctor.type("name", name)
            self.doctor.press("join")
            self.assertTrue(self.doctor.run("return document.getElementById('name').validationMessage"), ascii(name))
        self.doctor.type("name", "ä" * 64)
        self.doctor.press("join")
        self.doctor.wait_for_status("You are the first here")

    def test_names_are_text(self):
        name = "<img src=x onerror=alert(1)>"
        self.doctor.enter(self.server, self.room, urllib.parse.quote(name))
        self.doctor.wait_for_status("You are the first here")
        self.patient.enter(self.server, self.room, "Patient")
        self.patient.wait_for_picture_of(name)

    # For everyone

    def names_of_controls(self, person):
        """[(role, name)] as assistive technology has them."""
        tree = person.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        shown = (node for node in tree if not node["ignored"])
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in shown]
        return [(role, name) for role, name in named if role in NAMED_ROLES]

    def assert_accessible(self, person):
        controls = self.names_of_controls(person)
        self.assertGreater(len(controls), 5)
        for role, name in controls:
            self.assertTrue(name.strip(), f"a {role} without a name: {controls}")
        self.assertEqual(person.run("""
            const wrong = [];
            const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
            if (new Set(ids).size !== ids.length) wrong.push('an id comes twice');
            for (const image of document.images) if (!image.hasAttribute('alt')) wrong.push('an image without alt');
            for (const each of document.querySelectorAll('[aria-describedby], [for]')) {
              const id = each.getAttribute('aria-describedby') ?? each.getAttribute('for');
              if (!document.getElementById(id)) wrong.push(`no #${id}`);
            }
            if (!document.documentElement.lang || !document.title) wrong.push('no language or title');
            if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
            if (document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])')) wrong.push('a tabindex');
            const status = document.getElementById('status');
            if (status.getAttribute('aria-live') !== 'polite' || status.getAttribute('role') !== 'status') {
              wrong.push('a silent status');
            }
            for (const each of document.querySelectorAll('button, input')) {
              const { width, height } = each.getBoundingClientRect();
              if (width && (width < 24 || height < 24)) wrong.push(`a small ${each.id}`);
            }
            return wrong;"""), [])

    def test_accessible(self):
        self.open(self.doctor)
        self.assert_accessible(self.doctor)
        self.meet()
        self.assert_accessible(self.doctor)
        controls = self.names_of_controls(self.doctor)
        for expected in ("button", "Mute"), ("button", "Camera off"), ("button", "Hang up"), ("Video", "Picture of Patient"):
            self.assertIn(expected, controls)

    def test_by_keyboard_alone(self):
        self.open(self.doctor, f"#room={self.room}")
        keys = lambda *given: ActionChains(self.doctor.driver).send_keys(*given).perform()
        for _ in range(20):
            if self.doctor.focus() == "name":
                break
            keys(Keys.TAB)
        self.assertEqual(self.doctor.focus(), "name")
        keys("Doctor", Keys.ENTER)
        self.doctor.wait_for_status("You are the first here")
        self.assertEqual(self.doctor.focus(), "room-name")
        for _ in range(20):
            if self.doctor.focus() == "hang-up":
                break
            keys(Keys.TAB)
            self.assertNotEqual(
                self.doctor.run("return getComputedStyle(document.activeElement).outlineStyle"), "none", "no visible focus")
        keys(Keys.SPACE)
        self.doctor.wait_for_status("You left the room.")
        self.assertEqual(self.doctor.focus(), "join")

    def test_narrow_screens_light_and_dark(self):
        self.meet()
        for width, height in (320, 568), (390, 844), (844, 390), (768, 1024):
            for scheme in "light", "dark":
                with self.subTest(width=width, scheme=scheme):
                    self.doctor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": True})
                    self.doctor.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
                    self.assertEqual(self.doctor.run("""
                        const page = document.documentElement;
                        const outside = [...document.querySelectorAll('button, input, video')].filter((each) => {
                          const { left, right, width } = each.getBoundingClientRect();
                          return width && (left < 0 || right > innerWidth);
                        });
                        return [page.scrollWidth > innerWidth, outside.map((each) => each.id || each.outerHTML)];"""),
                        [False, []])
        self.assert_contrast(self.doctor)

    def assert_contrast(self, person):
        """WCAG 2 AA: 4.5:1 for every text on its own or its nearest ancestor's background."""
        for scheme in "light", "dark":
            person.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
                {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]})
            self.assertEqual(person.run("""
                const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
                const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
                  .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
                const background = (each) => {
                  for (let e = each; e; e = e.parentElement) {
                    const colour = numbers(getComputedStyle(e).backgroundColor);
                    if (colour[3] === undefined || colour[3] > 0.5) return colour;
                  }
                  return [255, 255, 255];
                };
                const poor = [];
                for (const each of document.querySelectorAll('body *')) {
                  const text = [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || each.localName === 'input';
                  if (!text || !each.checkVisibility() || !each.getBoundingClientRect().width) continue;
                  const [a, b] = [numbers(getComputedStyle(each).color), background(each)].map(luminance).sort((x, y) => y - x);
                  const ratio = (a + 0.05) / (b + 0.05);
                  if (ratio < 4.5) poor.push(`${each.localName}#${each.id} ${each.textContent} ${ratio.toFixed(2)}`);
                }
                return poor;"""), [], scheme)

    def test_contrast(self):
        self.open(self.doctor)
        self.assert_contrast(self.doctor)

    def test_content_security_policy(self):
        status, headers, _ = self.server.get("/")
        self.assertEqual(status, 200)
        directives = set(re.split(r"\s*;\s*", headers["Content-Security-Policy"].strip("; ")))
        self.assertLessEqual(POLICY, directives)
        # And it is in force.
        self.open(self.doctor)
        self.assertTrue(self.doctor.run("""
            const script = document.createElement('script');
            script.textContent = 'window.unwanted = true';
            document.head.append(script);
            return window.unwanted === undefined;"""))
        wait_until(lambda: any("Content Security Policy" in one for one in self.doctor.complaints()), SOON,
                   "a violation in the console")


if __name__ == "__main__":
    main()
