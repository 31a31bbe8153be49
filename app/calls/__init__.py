"""Test calls: ordered, limited, watched while they run, judged, kept as evidence. docs/test-calls.md is the contract with the edge.

models       TestCall, its events, media and files; TestTicket, TestSchedule, OwnNumber; SpendDay, SpendCap, OpenedCode; LogCursor
words        states, outcomes and findings in words
price        what a call through a product costs, exactly; the most it may cost
limits       what a company may still spend today: reserve, settle, give back
edge         order, watch, hang up, tell: HTTP to the edge's control paths
log          the edge's record log from a cursor
ladder       events of a call as a drawing
score        MOS of each second (ITU-T G.107)
evidence     the signed result file; `mask` what of the packets others may see
service/     order_calls, place_call, cancel_call, import_records, count_tests, issue_ticket, keep_schedule, set_limits, tell_edge
"""
