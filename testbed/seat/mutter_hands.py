# SPDX-License-Identifier: MIT
"""What lab-seat is on sway, on Mutter: holds a keyboard and a pointer, and does what it is asked at a socket.

Runs inside a host, as `python3 mutter_hands.py SOCKET`, and speaks lab-seat's protocol (server.cc): words that end
with a null byte, then the end of the stream; the answer is a complaint, or nothing. Mutter offers its seat to
remote desktops over D-Bus. Absolute positions there need a screen cast, so the pointer is first pushed into
the corner.
"""

import os
import socket
import sys

from gi.repository import Gio, GLib

_NAME = "org.gnome.Mutter.RemoteDesktop"
_PATH = "/org/gnome/Mutter/RemoteDesktop"
_BUTTONS = {"left": 0x110, "right": 0x111, "middle": 0x112}
_KEYS = {"ctrl": 0xFFE3, "shift": 0xFFE1, "alt": 0xFFE9, "Return": 0xFF0D, "Down": 0xFF54, "Up": 0xFF52, "\n": 0xFF0D}
_KEYS |= {"Left": 0xFF51, "Right": 0xFF53, "space": 0x20, "Tab": 0xFF09, "Escape": 0xFF1B, "equal": 0x3D}
_FAR = 10000.0


class Hands:
    """One session of Mutter's, which lasts as long as this process."""

    def __init__(self):
        self._bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self._session = self._call(_PATH, _NAME, "CreateSession").unpack()[0]
        self._say("Start")
        # Mutter makes a device when it is first used, and what comes with it would be lost.
        self._say("NotifyPointerMotionRelative", "(dd)", 1.0, 1.0)
        self._keys(["shift"])

    def _call(self, path, interface, method, arguments=None):
        return self._bus.call_sync(_NAME, path, interface, method, arguments, None, 0, 10000, None)

    def _say(self, method, signature=None, *values):
        arguments = GLib.Variant(signature, values) if signature else None
        self._call(self._session, f"{_NAME}.Session", method, arguments)

    def _keys(self, names):
        symbols = [_KEYS.get(name) or ord(name) for name in names]
        for symbol in symbols:
            self._say("NotifyKeyboardKeysym", "(ub)", symbol, True)
        for symbol in reversed(symbols):
            self._say("NotifyKeyboardKeysym", "(ub)", symbol, False)

    def type(self, text):
        for character in text:
            self._keys([character])

    def key(self, chord):
        self._keys(chord.split("+"))

    def point(self, x, y):
        self._say("NotifyPointerMotionRelative", "(dd)", -_FAR, -_FAR)
        self._say("NotifyPointerMotionRelative", "(dd)", float(x), float(y))

    def press(self, button):
        self._say("NotifyPointerButton", "(ib)", _BUTTONS[button], True)

    def release(self, button):
        self._say("NotifyPointerButton", "(ib)", _BUTTONS[button], False)

    def click(self, button):
        self.press(button)
        self.release(button)


def answer(hands, client):
    """Does one request."""
    with client:
        asked = b""
        while chunk := client.recv(4096):
            asked += chunk
        verb, *words = asked.decode().split("\0")[:-1]
        try:
            getattr(hands, verb)(*words)
        except (AttributeError, KeyError, TypeError, GLib.Error) as error:
            client.sendall(str(error).encode())


def serve(path):
    """For ever."""
    hands = Hands()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path + ".new")
        listener.listen()
        os.rename(path + ".new", path)  # there only when it can be used
        while True:
            answer(hands, listener.accept()[0])


serve(sys.argv[1])
