-- For wrk: POST /api/devices with another mac in each request. What wrk takes for a good answer (any below 400) and is
-- not a 201 is counted here.
local count, threads = 0, {}
local head, tail

function init()
   local body_bytes = #'{"mac":"00-00-00-00-00-00","firmware":"2.1.5"}'
   head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] ..
          "\r\nContent-Type: application/json\r\nContent-Length: " .. body_bytes .. '\r\n\r\n{"mac":"'
   tail = '","firmware":"2.1.5"}'
end

function setup(thread)
   thread:set("unexpected", 0)
   threads[#threads + 1] = thread
end

function request()
   count = count + 1
   local n = count
   local b = n % 256; n = (n - b) / 256
   local c = n % 256; n = (n - c) / 256
   return head .. string.format("00-00-%02X-%02X-%02X-%02X", (n - n % 256) / 256, n % 256, c, b) .. tail
end

function response(status)
   if status ~= 201 and status < 400 then unexpected = unexpected + 1 end
end

function done()
   local sum = 0
   for _, thread in ipairs(threads) do sum = sum + thread:get("unexpected") end
   io.write("Answers below 400 other than 201: ", sum, "\n")
end
