#!/usr/bin/env python3
"""Reads a series' three feeds as others read them, and prints what they say of it, as JSON.

usage: feeds.py FOLDER, which holds feed.atom, feed.json and calendar.ics

feedparser (a feed that is not well-formed sets `bozo`), the rules of JSON Feed 1.1, and icalendar with
assertions of our own, for it accepts an event without UID or DTSTAMP.
"""
import json
import sys
from datetime import datetime

import feedparser
import icalendar

folder = sys.argv[1]


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


with open(folder + "/feed.atom", "rb") as file:
    atom = feedparser.parse(file.read(), response_headers={"content-type": "application/atom+xml"})
assert not atom.bozo, atom.bozo_exception
assert atom.version == "atom10", atom.version
assert atom.feed.id and atom.feed.title and atom.feed.updated_parsed and atom.feed.author
links = {link.rel: link.href for link in atom.feed.links}
assert links["self"].endswith("/feed.atom") and links["alternate"].startswith("http"), links
for entry in atom.entries:
    assert entry.id.startswith("tag:") and entry.title and entry.link.startswith("http"), entry
    assert entry.published_parsed <= entry.updated_parsed
    assert entry.content[0].type == "text/html"
    assert "<script" not in entry.content[0].value
assert len({entry.id for entry in atom.entries}) == len(atom.entries)

with open(folder + "/feed.json", encoding="utf-8") as file:
    feed = json.load(file)
assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"]
assert feed["feed_url"].endswith("/feed.json") and feed["home_page_url"].startswith("http")
for item in feed["items"]:
    assert isinstance(item["id"], str) and item["id"] and item["content_html"]
    assert instant(item["date_published"]) <= instant(item["date_modified"])
    assert all(isinstance(tag, str) for tag in item.get("tags", []))

with open(folder + "/calendar.ics", "rb") as file:
    calendar = icalendar.Calendar.from_ical(file.read())
assert not calendar.errors, calendar.errors
events = [component for component in calendar.walk("VEVENT")]
for event in events:
    assert not event.errors, event.errors
    assert event["UID"] and event["DTSTAMP"].dt.tzinfo and event["DTSTART"].dt.tzinfo and event["SUMMARY"]
assert len({str(event["UID"]) for event in events}) == len(events)

print(json.dumps({
    "atom": [{"id": e.id, "title": e.title, "updated": e.updated, "html": e.content[0].value}
             for e in atom.entries],
    "json": [{"id": i["id"], "title": i["title"], "updated": i["date_modified"], "html": i["content_html"]}
             for i in feed["items"]],
    "calendar": [{"uid": str(e["UID"]), "title": str(e["SUMMARY"]), "status": str(e["STATUS"]),
                  "sequence": int(e["SEQUENCE"])} for e in events],
}))
