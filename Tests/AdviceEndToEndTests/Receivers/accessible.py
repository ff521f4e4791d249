#!/usr/bin/env python3
"""An accessibility pass over HTML files: landmarks, headings, tables, names.

usage: accessible.py FILE...

Prints one line for each finding; exit 1 where there is one. `browser.py` looks at contrast and width.
"""
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.name, self.findings = name, []
        self.open, self.seen, self.ids, self.headings = [], {}, [], []
        self.labelled, self.named, self.text, self.tables = [], [], {}, []

    def note(self, words):
        self.findings.append(f"{self.name}:{self.getpos()[0]}: {words}")

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if "aria-labelledby" in attributes:
            self.labelled.append(attributes["aria-labelledby"])
        for name in attributes:
            if name.startswith("on") or name == "style":
                self.note(f"<{tag}> has the attribute {name}")
        if tag == "html" and not attributes.get("lang"):
            self.note("the page says no language")
        if tag in ("script", "style", "iframe", "img", "form"):
            self.note(f"there is a <{tag}>")
        if tag in ("nav", "section") and not {"aria-label", "aria-labelledby"} & set(attributes):
            self.note(f"<{tag}> has no name")
        if attributes.get("role") == "region" and not {"aria-label", "aria-labelledby"} & set(attributes):
            self.note("a region has no name")
        if tag == "th" and attributes.get("scope") not in ("col", "row"):
            self.note("a table header heads neither row nor column")
        if tag == "table":
            self.tables.append({"caption": False, "th": False})
        if self.tables and tag in ("caption", "th"):
            self.tables[-1][tag] = True
        if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            level = int(tag[1])
            if level > (self.headings[-1] if self.headings else 0) + 1:
                self.note(f"<{tag}> skips a level")
            self.headings.append(level)
        if tag == "a":
            self.named.append(["", attributes.get("href")])
        if tag not in VOID:
            self.open.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.text["title"] = self.text.get("title", "") + data
        if "a" in self.open and self.named:
            self.named[-1][0] += data

    def handle_endtag(self, tag):
        if tag == "a" and not self.named[-1][0].strip():
            self.note("a link has no text")
        if tag == "table":
            table = self.tables.pop()
            if not table["caption"] or not table["th"]:
                self.note("a table has no caption, or no headers")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def finish(self):
        if not self.text.get("title", "").strip():
            self.note("the page has no title")
        for landmark in ("main", "header", "h1"):
            if self.seen.get(landmark, 0) != 1:
                self.note(f"there are {self.seen.get(landmark, 0)} <{landmark}>")
        for name in {name for name in self.ids if self.ids.count(name) > 1}:
            self.note(f"the id {name} is given twice")
        for name in self.labelled:
            if name not in self.ids:
                self.note(f"a name is taken from {name}, which is not there")
        for _, address in self.named:
            if address and address.startswith("#") and address[1:] not in self.ids:
                self.note(f"a link leads to {address}, which is not there")
        return self.findings


found = []
for path in sys.argv[1:]:
    page = Page(path.rsplit("/", 1)[-1])
    with open(path, encoding="utf-8") as file:
        page.feed(file.read())
    found += page.finish()
print("\n".join(found))
sys.exit(1 if found else 0)
