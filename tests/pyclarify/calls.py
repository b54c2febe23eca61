"""Calls Clarify as its own SDK does, with the credentials file that is given; prints what came back as JSON."""

import json
import sys
from datetime import datetime, timedelta, timezone

from pyclarify import Client, DataFrame
from pyclarify.views.signals import Signal

client = Client(sys.argv[1])
start = datetime(2026, 11, 22, 8, tzinfo=timezone.utc)
times = [start + timedelta(minutes=minute) for minute in range(3)]

inserted = client.insert(DataFrame(times=times, series={"boiler": [81.5, None, 83.0]}))
saved = client.save_signals(input_ids=["boiler"], signals=[Signal(name="Boiler", engUnit="°C")])
signals = client.select_signals()
items = client.select_items()
frame = client.data_frame(gte=start, lt=start + timedelta(hours=1))

answers = [inserted, saved, signals, items, frame]
print(json.dumps([json.loads(answer.model_dump_json()) for answer in answers]))
