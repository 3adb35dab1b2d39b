"""iCalendar (RFC 5545), in and out.

    bytes ─ lines.py ─▶ the VEVENTs' lines that matter ─ reading.py ─▶ Entry
                                                    Entry ─ days.py ─▶ a calendar's definition
                                                    Entry ─ bodies.py ─▶ bodies of events
                     Happening ─ writing.py ─▶ bytes

The icalendar library reads property by property and writes; what it would do with a hostile file
(follow time zone rules for ever, nest without end) is kept from it by ``lines``.
"""
