-- add_entries(log, head, intents, first, now, entries): adds entries to the audit log that follow
-- its newest one. Of each, entries has the entry itself, its hash, and an intent that is deleted
-- with it ('' for none).
local function add_entries(log, head, intents, first, now, entries)
  -- Ids rise even if clocks disagree.
  local newest_at = redis.call('HGET', head, AuditHeadField.AT)
  local at = string.format('%.0f', math.max(tonumber(now), tonumber(newest_at or '0')))
  local number = tonumber(first)
  for i = 1, #entries, 3 do
    redis.call('XADD', log, at .. '-' .. string.format('%.0f', number), AuditEntryField.PACKED,
      entries[i])
    if entries[i + 2] ~= '' then redis.call('HDEL', intents, entries[i + 2]) end
    number = number + 1
  end
  redis.call('HSET', head, AuditHeadField.SEQUENCE, string.format('%.0f', number - 1),
    AuditHeadField.HASH, entries[#entries - 1], AuditHeadField.AT, at)
end
