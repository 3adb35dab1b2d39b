"""iCalendar (RFC 5545), in and out.

Data flows one way:

    bytes ─ content.py ─▶ lines ─ components.py ─▶ VCALENDARs, VTIMEZONEs, VEVENTs
          VEVENTs ─ versions.py ─▶ the newest of each UID and RECURRENCE-ID
          VEVENT ─ properties.py, vevents.py ─▶ Entry
          VTIMEZONE ─ zone_reading.py, zone_definitions.py, zones.py ─▶ an IANA zone
          Entry ─ days.py ─▶ a calendar's definition
          Entries of a UID ─ groups.py, ranges.py, bodies.py ─▶ ImportedEntry
    Happening ─ writing.py ─▶ bytes

``importing.read_entries`` is the way in. Files are read by this room itself: a library that reads a
file as a whole can't say what is wrong with one entry and where, nor be stopped by a budget. The
icalendar library writes the feed, and has the names of Windows zones.
"""
