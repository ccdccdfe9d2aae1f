-- For wrk, one thread per person. Each person follows a walk, page by page, and looks at each page for some seconds.
-- Arguments: the folder with the walks, and the mean of those seconds.
--
-- A walk is a file with the person's email address in the first line and the address of a page in each further line.
-- PAGES_RECORD names the file for the results. Each of its lines has the person, the number of the page in their walk,
-- when it was requested (seconds since 1970), how many seconds the answer took, and its status. A thread that reaches
-- the end of its walk creates a file next to it.

local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } moment;
int clock_gettime(int clock, moment *now);
]]
local moment = ffi.new("moment")

local function now()
  ffi.C.clock_gettime(0, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
  thread:set("number", #threads + 1)
  table.insert(threads, thread)
end

function init(args)
  walk, place, started, records = {}, 0, 0, {}
  over = args[1] .. "/" .. number .. ".over"
  local headers = { ["Accept-Encoding"] = "gzip" }
  for line in io.lines(args[1] .. "/" .. number) do
    if headers["X-Forwarded-Email"] then
      table.insert(walk, wrk.format("GET", line, headers))
    else
      headers["X-Forwarded-Email"] = line
    end
  end
  local think = tonumber(args[2])
  if think > 0 then
    math.randomseed(number)
    delay = function() return math.floor(think * (500 + math.random(1000))) end
  end
end

function request()
  place = place + 1
  started = now()
  return walk[place]
end

function response(status)
  table.insert(records, string.format("%d\t%d\t%.6f\t%.6f\t%d", number, place, started, now() - started, status))
  if place == #walk then
    io.open(over, "w"):close()
    wrk.thread:stop()
  end
end

function done(summary)
  local file = assert(io.open(os.getenv("PAGES_RECORD"), "w"))
  for _, thread in ipairs(threads) do
    for _, line in ipairs(thread:get("records")) do file:write(line, "\n") end
  end
  file:close()
  local errors = summary.errors
  print(string.format("unanswered %d", errors.connect + errors.read + errors.write + errors.timeout))
end
