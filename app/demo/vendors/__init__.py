"""The demo's vendors as a real SIP network on the loopback: honest ones, and those whose faults test calls are there to find.

message    SIP messages, as much of them as two user agents on one machine need
sounds     20 ms frames of G.711: ring tone, speech-like sound, silence
media      a UDP port that plays, echoes or relays; loss and jitter on wish
manner     what each product of the demo does to a call
leg        client and server side of one dialog
call       a vendor's call: what comes from the exchange, what goes on to the called number
network    one socket a vendor; `tandem demo vendors` runs them all
"""
