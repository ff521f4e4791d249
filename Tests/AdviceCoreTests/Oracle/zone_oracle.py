"""Prints what Python's zoneinfo says about every zone of the system, for ZoneRulesOracleTests.

zoneinfo is an independent reader of the same TZif files; its `fold=0` is the rule under test: in a gap the
offset before it, in an overlap the first of the two.

One line each, all numbers in decimal:

    Z name                        the zone that the lines after it are about
    L day second epoch            wall clock `day` (since 1970-01-01) and `second` of it -> seconds since 1970
    U epoch wall offset           moment -> wall clock in seconds since 1970-01-01 00:00, seconds east of UTC
    X day exists                  1 where the wall clock ever shows that date, else 0
    E count                       last line: how many lines came before it
"""

import os
import sys

sys.modules["tzdata"] = None  # Never the package of that name: the system's files are what is being compared.
os.environ["PYTHONTZPATH"] = "/usr/share/zoneinfo"

import zoneinfo
from datetime import date, datetime, timedelta, timezone

FIRST_YEAR, LAST_YEAR = 2025, 2040
TIMES = [0, 8100, 9000, 32400, 82800, 84600]  # 00:00, 02:15, 02:30, 09:00, 23:00, 23:30
EPOCH = datetime(1970, 1, 1)
EPOCH_UTC = EPOCH.replace(tzinfo=timezone.utc)
EPOCH_DATE = date(1970, 1, 1)
# Older changes that are famous for what they did to a date, compared too.
FAMOUS = {
    "Pacific/Apia": [2011],
    "Pacific/Fakaofo": [2011],
    "Pacific/Kwajalein": [1969, 1993],
    "Pacific/Kiritimati": [1994, 1995],
    "Pacific/Kanton": [1994, 1995],
    "Pacific/Guam": [1901],
    "America/Juneau": [1983],
    "Africa/Monrovia": [1972],
    "America/Caracas": [2007, 2016],
    "Asia/Pyongyang": [2015, 2018],
    "Antarctica/Troll": [2005, 2016],
    "Antarctica/Casey": [2010, 2018, 2020],
    "Europe/Lisbon": [1992, 1996],
    "Europe/Dublin": [1968, 1971],
    "America/Scoresbysund": [2024],
    "America/Nuuk": [2023, 2024],
    "Africa/Juba": [2021],
    "Asia/Gaza": [2011, 2024],
}

lines = 0


def put(*words):
    global lines
    lines += 1
    print(*words)


def offset_at(zone, epoch):
    """Seconds east of UTC at `epoch`."""
    return (EPOCH_UTC + timedelta(seconds=epoch)).astimezone(zone).utcoffset() // timedelta(seconds=1)


def changes(zone, first, last):
    """Every moment in the given years at which the offset changes, found by asking, not by reading."""
    low = int((datetime(first, 1, 1) - EPOCH).total_seconds())
    end = int((datetime(last + 1, 1, 1) - EPOCH).total_seconds())
    step = 5 * 86400  # No zone changes twice in five days.
    before = offset_at(zone, low)
    while low < end:
        high = low + step
        after = offset_at(zone, high)
        if after != before:
            left, right = low, high
            while right - left > 1:
                middle = (left + right) // 2
                if offset_at(zone, middle) == before:
                    left = middle
                else:
                    right = middle
            yield right, before, after
        low, before = high, after


def wall(day, second, zone):
    naive = EPOCH + timedelta(days=day, seconds=second)
    put("L", day, second, (naive.replace(tzinfo=zone) - EPOCH_UTC) // timedelta(seconds=1))


def exists(day, zone):
    """Whether any moment has this date: its wall times are tried every quarter of an hour, there and back."""
    for second in range(0, 86400, 900):
        aware = (EPOCH + timedelta(days=day, seconds=second)).replace(tzinfo=zone)
        back = aware.astimezone(timezone.utc).astimezone(zone)
        if (back.date() - EPOCH_DATE).days == day:
            return 1
    return 0


def report(zone, first, last):
    for moment, before, after in changes(zone, first, last):
        for epoch in (moment - 1, moment, moment + 1):
            offset = offset_at(zone, epoch)
            put("U", epoch, epoch + offset, offset)
        edges = sorted({moment + before, moment + after})
        around = {wall for edge in edges for wall in (edge - 1, edge, edge + 1)} | {sum(edges) // 2}
        for local in sorted(around):
            wall(local // 86400, local % 86400, zone)
        today = (moment + before) // 86400
        for day in (today - 1, today, today + 1):
            for second in TIMES:
                wall(day, second, zone)
            put("X", day, exists(day, zone))


def main():
    for name in sorted(zoneinfo.available_timezones()):
        zone = zoneinfo.ZoneInfo(name)
        put("Z", name)
        report(zone, FIRST_YEAR, LAST_YEAR)
        for year in FAMOUS.get(name, []):
            report(zone, year, year)
        # A zone without changes is compared as well, and so are the years beyond every table.
        for year in list(range(FIRST_YEAR, LAST_YEAR + 1)) + [2075, 2100, 2101, 2200, 2261]:
            for month in (1, 4, 7, 10):
                wall((date(year, month, 15) - EPOCH_DATE).days, 9000, zone)
    print("E", lines)


main()
