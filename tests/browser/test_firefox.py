#!/usr/bin/python3
"""Calls, and networks that are lost, in Firefox: with Chromium at the other side, and with another Firefox."""
import test_call
import test_network
from firefox_person import FirefoxPerson
from person import Person
from server import main


class CallFromFirefoxTest(test_call.CallTest):
    kinds = Person, FirefoxPerson
    test_no_camera = test_three_people = None  # nothing new
    test_mute_and_camera_off_are_told_and_undone = None  # it knows Chromium's cameras by name


class CallFromChromiumTest(test_call.CallTest):
    kinds = FirefoxPerson, Person
    test_no_camera = test_three_people = test_mute_and_camera_off_are_told_and_undone = None


class NetworkInFirefoxTest(test_network.NetworkTest):
    kinds = FirefoxPerson, FirefoxPerson


class NetworkToChromiumTest(test_network.NetworkTest):
    kinds = Person, FirefoxPerson


if __name__ == "__main__":
    main()
