"""A softphone built on PJSIP that plays one tone and records what it hears. Run as a program:

    python -m tests.sip.softphone '{"host": "198.18.0.66", "port": 5060, "hertz": 600, "wav": "…", "call": "sip:…" or null, "seconds": 4}'

With `call` it calls and hangs up after so many seconds (`username` and `password` answer a challenge); without, it says `ready`,
answers one call and ends with it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pjsua2 as pj


class Call(pj.Call):  # type: ignore[misc]
    """Its own tone one way, a recording the other way, for as long as there is audio."""

    def __init__(self, account: Any, words: dict[str, Any], number: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, number)
        self.words = words
        self.over = False
        self.talking_since: float | None = None
        self.tone, self.recorder = pj.ToneGenerator(), pj.AudioMediaRecorder()
        self.tone.createToneGenerator(8000, 1)
        self.recorder.createRecorder(words["wav"])

    def onCallState(self, _: Any) -> None:
        self.over = self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED

    def onCallMediaState(self, _: Any) -> None:
        media = self.getAudioMedia(-1)
        desc = pj.ToneDesc()
        desc.freq1, desc.on_msec, desc.off_msec = self.words["hertz"], 1000, 0
        self.tone.play(pj.ToneDescVector([desc]), True)
        self.tone.startTransmit(media)
        media.startTransmit(self.recorder)
        self.talking_since = time.monotonic()


class Account(pj.Account):  # type: ignore[misc]
    def __init__(self, words: dict[str, Any]) -> None:
        super().__init__()
        self.words = words
        self.taken: Call | None = None

    def onIncomingCall(self, param: Any) -> None:
        call = Call(self, self.words, param.callId)
        if self.taken is not None:
            answer(call, 486)
            return
        self.taken = call
        answer(call, 180)
        answer(call, 200)


def answer(call: Call, code: int) -> None:
    words = pj.CallOpParam()
    words.statusCode = code
    call.answer(words)


def endpoint(words: dict[str, Any]) -> Any:
    one = pj.Endpoint()
    one.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 2
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.noVad = True
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    one.libInit(config)
    transport = pj.TransportConfig()
    transport.port, transport.boundAddress, transport.publicAddress = (
        words["port"],
        words["host"],
        words["host"],
    )
    one.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    one.libStart()
    one.audDevManager().setNullDev()
    for codec in one.codecEnum2():
        one.codecSetPriority(codec.codecId, 200 if codec.codecId.startswith("PCMA") else 0)
    return one


def main(words: dict[str, Any]) -> None:
    one = endpoint(words)
    config = pj.AccountConfig()
    config.idUri = f"sip:33123456789@{words['host']}"
    config.mediaConfig.transportConfig.boundAddress = words["host"]
    if "password" in words:
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", "*", words["username"], 0, words["password"])
        )
    account = Account(words)
    account.create(config)
    until = time.monotonic() + 30
    call: Call | None = None
    if words["call"]:
        call = Call(account, words)
        call.makeCall(words["call"], pj.CallOpParam(True))
    print("ready", flush=True)
    hung_up = False
    while time.monotonic() < until and not (call and call.over):
        one.libHandleEvents(20)
        call = call or account.taken
        since = call.talking_since if call else None
        if call and words["call"] and since and not hung_up and time.monotonic() > since + words["seconds"]:
            hung_up = True
            call.hangup(pj.CallOpParam())
    done = bool(call and call.over and call.talking_since)
    # What the library made must go before the library does.
    del call
    account.taken = None
    account.shutdown()
    del account
    one.libDestroy()
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
