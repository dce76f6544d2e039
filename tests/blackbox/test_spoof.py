#!/usr/bin/python3
"""Identity is stamped, never believed: no client can speak as another, or into a room it is not in."""
import json

from raw import Raw, say
from server import ServerCase, main


class Spoof(ServerCase):
    flags = ("--bad-messages-max", "0")

    def setUp(self):
        room = self.id()
        self.mallory, self.bob, self.carol = (Raw(self.server) for _ in range(3))
        for client in (self.mallory, self.bob, self.carol):
            self.addCleanup(client.close)
        self.mallory.join(room, "mallory")
        self.bob.join(room, "bob")
        self.mallory.hear("user-joined")
        self.carol.join(room + "-other", "carol")
        self.room = room

    def assert_all_quiet(self):
        for client in (self.mallory, self.bob, self.carol):
            client.assert_alive()

    def test_spoofed_identity_on_a_signal(self):
        for kind in ("offer", "answer", "ice-candidate"):
            for spoof in ({"sender": "bob"}, {"client_id": self.bob.client_id}, {"sender": "carol",
                "client_id": self.carol.client_id},
                          {"room_id": self.carol.room_id}, {"from": "bob", "participants": []}):
                with self.subTest(kind=kind, spoof=spoof):
                    self.mallory.say(kind, data="evil", **spoof)
                    got = self.bob.hear(kind, sender="mallory", client_id=self.mallory.client_id,
                                        room_id=self.room, data="evil")
                    self.assertEqual(set(got), {"action", "room_id", "client_id", "sender", "data"})
        self.assert_all_quiet()

    def test_spoofed_identity_twice_in_one_message(self):
        """Duplicate keys, escaped keys, keys inside `data`: none of them gets through as the server's word."""
        self.mallory.say_text('{"action":"offer","sender":"bob","sender":"carol","s\\u0065nder":"x","client_id":"y",'
                              '"data":{"sender":"bob","client_id":"z"}}')
        self.bob.hear("offer", sender="mallory", client_id=self.mallory.client_id,
                      data={"sender": "bob", "client_id": "z"})
        self.assertEqual(self.bob.last_text.count('"sender"'), 2)
        self.assert_all_quiet()

    def test_data_cannot_break_out(self):
        """No text of `data` becomes a field of the envelope."""
        for data in ('"\\",\\"sender\\":\\"bob"', '{"a":1},"sender":"bob"', '1}\n{"action":"user-left"',
                '"\\u0022,\\u0022sender\\u0022:"'):
            with self.subTest(data):
                self.mallory.say_text('{"action":"offer","data":%s}' % data)
                message = '{"action":"offer","data":%s}' % data
                try:
                    sent = json.loads(message)
                except ValueError:
                    self.mallory.hear_error("invalid-json")
                    continue
                self.bob.hear("offer", sender="mallory", client_id=self.mallory.client_id, data=sent["data"])
        self.assert_all_quiet()

    def test_client_id_in_a_join_is_not_believed(self):
        for field in ("client_id", "id"):
            with Raw(self.server) as thief:
                thief.send(say("join", room_id=self.room, sender="bob", **{field: self.bob.client_id}))
                joined = thief.hear("joined")
                self.assertNotEqual(joined["client_id"], self.bob.client_id)
                for client in (self.mallory, self.bob):
                    client.hear("user-joined", client_id=joined["client_id"], sender="bob")
                self.mallory.say("offer", data=1, target=self.bob.client_id)
                self.bob.hear("offer")
                thief.assert_alive()
            for client in (self.mallory, self.bob):
                client.hear("user-left", client_id=joined["client_id"])

    def test_a_label_that_is_someone_s_client_id(self):
        """A client_id wins, whatever labels others bear."""
        with Raw(self.server) as thief:
            thief.join(self.room, self.bob.client_id)
            for client in (self.mallory, self.bob):
                client.hear("user-joined", client_id=thief.client_id, sender=self.bob.client_id)
            for _ in range(3):
                self.mallory.say("offer", data="for bob only", target=self.bob.client_id)
                self.bob.hear("offer", client_id=self.mallory.client_id, data="for bob only")
            thief.assert_alive()
            # Even when the thief comes first, or bob himself asks.
            self.bob.say("offer", data=1, target=self.bob.client_id)
            self.bob.hear_error("no-such-target")
            thief.assert_alive()

    def test_target_in_another_room(self):
        for target in (self.carol.client_id, "carol", self.carol.room_id):
            for extra in ({}, {"room_id": self.carol.room_id}, {"room_id": self.carol.room_id, "sender": "carol"}):
                with self.subTest(target=target, extra=extra):
                    self.mallory.say("offer", data="evil", target=target, **extra)
                    self.mallory.hear_error("no-such-target")
        self.assert_all_quiet()

    def test_room_in_a_broadcast(self):
        self.mallory.say("offer", data="evil", room_id=self.carol.room_id)
        self.bob.hear("offer", room_id=self.room)
        self.assert_all_quiet()

    def test_the_server_s_own_words_from_a_client(self):
        for action in ("joined", "user-joined", "user-left", "left", "pong", "error", "user-suspended", "resumed"):
            self.mallory.send(say(action, room_id=self.room, client_id=self.bob.client_id, sender="bob", reason="leave",
                                  data=1,
                                  target="bob"))
            self.mallory.hear_error("unknown-action")
        self.assert_all_quiet()

    def test_leave_in_someone_else_s_name(self):
        self.mallory.say("leave", client_id=self.bob.client_id, sender="bob", room_id=self.carol.room_id)
        self.mallory.hear("left", client_id=self.mallory.client_id, room_id=self.room)
        self.bob.hear("user-left", client_id=self.mallory.client_id, sender="mallory")
        for client in (self.mallory, self.bob, self.carol):
            client.assert_alive()

    def test_after_leaving_nothing_more_is_heard_or_said(self):
        old = self.mallory.client_id
        self.mallory.say("leave")
        self.mallory.hear("left")
        self.bob.hear("user-left")
        self.bob.say("offer", data="secret")
        self.bob.say("offer", data="secret", target=old)
        self.bob.hear_error("no-such-target")
        self.mallory.say("offer", data="evil", room_id=self.room, client_id=old)
        self.mallory.hear_error("not-in-room")
        self.mallory.join(self.room + "-third", "mallory")
        self.mallory.say("offer", data="evil", target=self.bob.client_id, room_id=self.room)
        self.mallory.hear_error("no-such-target")
        self.assert_all_quiet()


if __name__ == "__main__":
    main()
