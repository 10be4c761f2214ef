"""``python bare_engine.py PARAMS [BODY]``: the engine's own server, and as little else as there can be.

With a BODY it is asked once and stopped. Without, it prints its port and serves until its input ends.
"""

import http.client
import json
import operator
import sys

import xllamacpp

params = xllamacpp.CommonParams()
for name, value in json.loads(sys.argv[1]).items():
    target, _, attribute = name.rpartition(".")
    setattr(operator.attrgetter(target)(params) if target else params, attribute, value)
server = xllamacpp.Server(params)
port = int(server.listening_address.rpartition(":")[2])
if len(sys.argv) > 2:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/completion", sys.argv[2], {"Content-Type": "application/json"})
    print(json.loads(connection.getresponse().read())["content"])
else:
    print(port, flush=True)
    sys.stdin.read()
