"""Copyable configuration for the common switches: ask the edge per call, give up after 500 ms, fall back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    name: str
    title: str
    text: str


CURL = """curl -s -H 'Authorization: Bearer YOUR_KEY' \\
  '{edge}/v1/lcr?dnis=442079460000&ani=33123456789&max=3'
"""

KAMAILIO = """# Kamailio: one query per INVITE, failover over the routes of the answer.
loadmodule "http_client.so"
loadmodule "jansson.so"
modparam("http_client", "httpcon", "tandem=>{edge}")
modparam("http_client", "connection_timeout", 1)

route[TANDEM] {{
  $var(q) = "/v1/lcr?dnis=" + $(rU{{s.urlencode.param}}) + "&ani=" + $(fU{{s.urlencode.param}}) + "&call_id=" + $(ci{{s.urlencode.param}});
  if (http_connect("tandem", "$var(q)", "", "Authorization: Bearer YOUR_KEY", "$var(answer)") != 200) {{
    route(STATIC_FALLBACK);
    return;
  }}
  jansson_get("status", $var(answer), "$var(status)");
  if ($var(status) != "ok") {{ sl_send_reply("404", "No route"); exit; }}
  $avp(i) = 0;
  route(TANDEM_NEXT);
}}
route[TANDEM_NEXT] {{
  if (!jansson_get("routes[$avp(i)].uri", $var(answer), "$ru")) {{ sl_send_reply("503", "No more routes"); exit; }}
  jansson_get("routes[$avp(i)].timeout_ms", $var(answer), "$avp(timer)");
  t_set_fr(0, "$avp(timer)");
  $avp(i) = $avp(i) + 1;
  t_on_failure("TANDEM_FAILED");
  t_relay();
}}
"""

FREESWITCH = """<!-- FreeSWITCH dialplan: mod_curl asks, a Lua script bridges the routes one after another. -->
<extension name="tandem">
  <condition field="destination_number" expression="^(\\d{{6,15}})$">
    <action application="set" data="curl_timeout=1"/>
    <action application="curl" data="{edge}/v1/lcr?dnis=$1&amp;ani=${{caller_id_number}} append_headers Authorization:Bearer%20YOUR_KEY json"/>
    <action application="set" data="continue_on_fail=true"/>
    <action application="set" data="hangup_after_bridge=true"/>
    <action application="lua" data="tandem_bridge.lua"/>
  </condition>
</extension>
"""  # noqa: E501

OPENSIPS = """# OpenSIPS: rest_client with its time-outs brought down from 20 s.
loadmodule "rest_client.so"
modparam("rest_client", "connection_timeout", 1)
modparam("rest_client", "curl_timeout", 1)

route[tandem] {{
  rest_append_hf("Authorization: Bearer YOUR_KEY");
  $var(rc) = rest_get("{edge}/v1/lcr?dnis=$rU&ani=$fU", $var(body), $var(type), $var(code));
  if ($var(rc) < 1 || $var(code) != 200) {{ route(static_fallback); exit; }}
  $json(lcr) := $var(body);
  if ($json(lcr/status) != "ok") {{ send_reply(404, "No route"); exit; }}
  $ru = $json(lcr/routes[0]/uri);
  t_on_failure("tandem_next");
  t_relay();
}}
"""

ASTERISK = """; Asterisk: CURL() with time-outs, JSON_DECODE() reads the first route.
[tandem]
exten => _X.,1,Set(CURLOPT(conntimeout)=1)
 same => n,Set(CURLOPT(httptimeout)=1)
 same => n,Set(CURLOPT(httpheader)=Authorization: Bearer YOUR_KEY)
 same => n,Set(LCR=${{CURL({edge}/v1/lcr?dnis=${{EXTEN}}&ani=${{CALLERID(num)}})}})
 same => n,Set(STATUS=${{JSON_DECODE(LCR,status)}})
 same => n,GotoIf($["${{STATUS}}" != "ok"]?fallback)
 same => n,Set(URI=${{JSON_DECODE(LCR,routes[0].uri)}})
 same => n,Dial(PJSIP/trunk/${{URI}},6)
 same => n(fallback),Goto(static,${{EXTEN}},1)
"""


def snippets_for(edge: str) -> list[Snippet]:
    """The texts with the edge's real address; the key is never in them."""
    texts = [
        ("curl", "Try it", CURL),
        ("kamailio", "Kamailio", KAMAILIO),
        ("freeswitch", "FreeSWITCH", FREESWITCH),
        ("opensips", "OpenSIPS", OPENSIPS),
        ("asterisk", "Asterisk", ASTERISK),
    ]
    return [Snippet(name, title, text.format(edge=edge)) for name, title, text in texts]
