-- One claim, whole: the request seen before, the person's limit, the stock, and what is left behind.
-- KEYS: stock, person, request, feed. ARGV: quota, voucher id. Answers the serial and the voucher id.
local seen = redis.call('GET', KEYS[3])
if seen then return {0, seen} end
if redis.call('EXISTS', KEYS[2]) == 1 then return {-1, ''} end
local serial = redis.call('INCR', KEYS[1])
if serial > tonumber(ARGV[1]) then
  redis.call('DECR', KEYS[1])
  return {-2, ''}
end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], ARGV[2])
redis.call('RPUSH', KEYS[4], ARGV[2])
return {serial, ARGV[2]}
