#!/usr/bin/python3
"""Networks that are lost and change in mid-call: the seat is kept, pictures go on or come back, and the page says so."""
from browser_case import BrowserCase
from keeps_seats import seat_keeper
from media_path import MediaPath
from network import Network
from person import CONNECTED, wait_until
from server import main

# How things stand between the two, and who we are.
WHERE_WE_ARE = """
    const { call } = await import('/page.js');
    const [member] = call.members.values();
    window.firstConnection ??= member?.peer.pc;
    const pc = member?.peer.pc;
    return { id: call.signaling.clientId, state: call.signaling.state, connection: pc?.connectionState,
      same: pc === window.firstConnection, way: /a=ice-ufrag:(\\S+)/.exec(pc?.localDescription?.sdp ?? '')?.[1] };"""


class NetworkTest(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keeper = seat_keeper(cls.server)
        cls.signaling_port = keeper.__enter__()
        cls.addClassCleanup(keeper.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.network = Network(self.signaling_port)
        self.network.__enter__()
        self.addCleanup(self.network.__exit__)

    def meet(self, server=None):
        """The patient's connection goes through the network."""
        for person, port in (self.doctor, self.signaling_port), (self.patient, self.network.port):
            person.prepare(f"""
                window.OriginalWebSocket = WebSocket;
                window.WebSocket = class extends WebSocket {{
                  constructor() {{ super('ws://127.0.0.1:{port}/ws'); }} }};""")
        super().meet(server)
        self.before = self.patient.run(WHERE_WE_ARE)

    def wait_for_notes(self, person, notes):
        wait_until(lambda: list(person.tiles().values()) == [notes], CONNECTED, person.tiles)

    def assert_they_are_still_there(self):
        self.assert_they_talk()
        self.wait_for_notes(self.doctor, "")
        now = self.patient.run(WHERE_WE_ARE)
        self.assertEqual((now["id"], now["same"]), (self.before["id"], True))

    def test_the_socket_is_cut(self):
        self.meet()
        self.network.down = True
        self.network.cut()
        self.patient.wait_for_status("The connection to the server was lost. Reconnecting… You can go on talking.")
        self.doctor.wait_for_status("Patient lost the connection. Waiting for them to come back…")
        self.wait_for_notes(self.doctor, "lost the connection, waiting…")
        # Pictures do not pass through the server.
        self.doctor.wait_for_picture_of("Patient")
        self.patient.wait_for_picture_of("Doctor")
        self.network.down = False
        self.network.cut()
        self.assert_they_are_still_there()
        self.assertEqual(self.patient.run(WHERE_WE_ARE)["way"], self.before["way"], "there was no need to restart ICE")

    def lead_media_through_us(self):
        path = MediaPath()
        path.__enter__()
        self.addCleanup(path.__exit__)
        self.patient.prepare(path.near_script)
        self.doctor.prepare(path.far_script)
        return path

    def test_the_network_changes(self):
        """The way between the two leads nowhere any more, for good; a new one would."""
        path = self.lead_media_through_us()
        self.meet()
        path.lose()
        self.network.cut()
        self.patient.run("dispatchEvent(new Event('online'))")  # as browsers do
        wait_until(lambda: self.patient.run(WHERE_WE_ARE)["way"] != self.before["way"], CONNECTED, "a restart of ICE")
        self.assert_they_are_still_there()

    def test_the_network_is_away_for_a_while(self):
        path = self.lead_media_through_us()
        self.meet()
        path.lose()
        self.network.down = True
        self.network.cut()
        self.patient.wait_for_status("The connection to the server was lost. Reconnecting…")
        wait_until(lambda: self.patient.run(WHERE_WE_ARE)["connection"] in ("disconnected", "failed"), CONNECTED, "no way")
        self.patient.wait_for_status("Your place in the room is kept.")
        self.doctor.wait_for_status("Patient lost the connection. Waiting for them to come back…")
        self.network.down = False
        self.network.cut()
        self.assert_they_are_still_there()
        self.assertNotEqual(self.patient.run(WHERE_WE_ARE)["way"], self.before["way"])

    def test_the_way_is_lost_and_the_server_is_not(self):
        path = self.lead_media_through_us()
        self.meet()
        path.lose()
        self.assert_they_are_still_there()
        self.assertNotEqual(self.patient.run(WHERE_WE_ARE)["way"], self.before["way"])

    def test_one_comes_while_another_is_away(self):
        self.meet()
        self.network.down = True
        self.network.cut()
        self.doctor.wait_for_status("Patient lost the connection.")
        self.doctor.press("hang-up")
        self.doctor.press("join")
        self.network.down = False
        self.network.cut()
        self.assert_they_talk()

    def test_hanging_up_offline(self):
        self.meet()
        self.network.down = True
        self.network.cut()
        self.patient.wait_for_status("Reconnecting…")
        self.patient.press("hang-up")
        self.patient.wait_for_status("You left the room.")
        self.network.down = False
        self.network.cut()
        self.doctor.press("hang-up")


if __name__ == "__main__":
    main()
