"""Calls Clarify three times: with a good token, with one that Clarify no longer takes, and with one that has ended by
the SDK's own clock. Prints the code of each call's error, or null."""

import json
import sys
from datetime import datetime

import requests
from pyclarify import Client

client = Client(sys.argv[1])


def code():
    answer = client.select_items()
    return answer.error.code if answer.error else None


codes = [code()]
requests.post(client.authentication.api_url.replace("/v1/", "/sandbox/revoke")).raise_for_status()
codes.append(code())
# As if the life that Clarify told had gone by.
client.authentication._expire_token = datetime.now()
codes.append(code())
print(json.dumps(codes))
