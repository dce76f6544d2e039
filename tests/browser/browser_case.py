"""
browser_case - tests with one server and two people, doctor and patient, whose browsers are started once for all.
"""
import concurrent.futures
import itertools

from person import Person
from server import ServerCase

_numbers = itertools.count(1)


class BrowserCase(ServerCase):
    kinds = Person, Person  # of the doctor's and the patient's browser

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            started = [pool.submit(kind) for kind in cls.kinds]
        try:
            cls.doctor, cls.patient = (one.result() for one in started)
        finally:
            for one in started:
                if not one.exception():
                    cls.addClassCleanup(one.result().quit)

    def setUp(self):
        self.room = f"room-{next(_numbers)}"
        self.people = [self.doctor, self.patient]

    def another_person(self, **options):
        person = self.kinds[1](**options)
        self.addCleanup(person.quit)
        self.people.append(person)
        return person

    def tearDown(self):
        # Whatever a test does, no page may complain: not of the content security policy, not of anything.
        complaints = [person.complaints() for person in self.people]
        for person in self.people:
            person.go_away()
        self.assertFalse(any(complaints), complaints)
        super().tearDown()

    def meet(self, server=None):
        """Doctor and patient enter the room and see each other."""
        self.doctor.enter(server or self.server, self.room, "Doctor")
        self.doctor.wait_for_status("You are the first here")
        self.patient.enter(server or self.server, self.room, "Patient")
        self.assert_they_talk()

    def assert_they_talk(self):
        self.doctor.wait_for_picture_of("Patient")
        self.patient.wait_for_picture_of("Doctor")
        self.doctor.wait_for_status("You are connected with Patient.")
        self.patient.wait_for_status("You are connected with Doctor.")
