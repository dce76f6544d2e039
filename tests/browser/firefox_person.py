"""
firefox_person - somebody at the demo page in a headless Firefox of their own; see person.py.
"""
import re

from firefox import Firefox
from person import CONNECTED, Person

# That a socket cannot be opened right now; and that video may not play until somebody has touched the page.
EXPECTED_IN_CONSOLE = re.compile(r"can.t establish a connection to the server|was interrupted while the page was loading")


class FirefoxPerson(Person):
    def __init__(self):  # pylint: disable=super-init-not-called
        self.driver = Firefox(CONNECTED)
        self._new_document_scripts = []

    def quit(self):
        self.driver.quit()

    def go_away(self):
        self.driver.get("about:blank")
        for identifier in self._new_document_scripts:
            self.driver.remove_preload_script(identifier)
        self._new_document_scripts = []

    def prepare(self, script):
        self._new_document_scripts.append(self.driver.add_preload_script(script))

    def text(self, identifier):
        return self.run("return document.getElementById(arguments[0]).innerText.trim()", identifier)

    def press(self, identifier):
        self.run("document.getElementById(arguments[0]).click()", identifier)

    def complaints(self):
        return [one for one in self.driver.take_log() if not EXPECTED_IN_CONSOLE.search(one)]
