-- The dearest requests that one user may make, from the first to the last and again. The others' answers are not
-- looked at: most of them are refusals, once the user's limits are reached.
-- Arguments: the user's token, the user's name, a room of long messages, marks of many rooms, ids of other users.
dofile("t/bench/report.lua")

local head, name, room, marks, ids
local count = 0
function init(args)
    head = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. args[1] }
    name, room, marks, ids = args[2], args[3], args[4], args[5]
end

local faults = "{" .. ('"\\u006b":{},'):rep(600) .. '"x":1}'
local kinds = {
    function() return "POST", "/api/sync", '{"limit":500,"rooms":{' .. marks .. "}}" end,
    function() return "GET", "/api/rooms/" .. room .. "/messages?limit=100" end,
    function() return "POST", "/api/sync", '{"rooms":{}}' end,
    function() return "GET", "/api/users?q=se&limit=50" end,
    function() return "GET", "/api/rooms?limit=100" end,
    function() return "POST", "/api/rooms", '{"name":"h","member_ids":[' .. ids .. "]}" end,
    function() return "GET", "/api/rooms/" .. room .. "/messages?limit=100&after=0" end,
    function() return "GET", "/api/users?q=e&limit=50" end,
    function() return "POST", "/api/sync", faults end,
    function() return "GET", "/openapi.json" end,
    function() return "GET", "/api/rooms?open=true&limit=100" end,
    function() return "PATCH", "/api/users/me", '{"nickname":"' .. ("n"):rep(count % 30 + 1) .. '"}' end,
    function() return "POST", "/api/exports", "" end,
    function() return "GET", "/api/task/7" end,
    function() return "POST", "/api/sessions", '{"username":"' .. name .. '","password":"password of hostile"}' end,
    function()
        return "POST", "/api/rooms/" .. room .. "/messages",
            '{"client_id":"h' .. count .. math.random() .. '","body":"' .. ("长"):rep(8000) .. '"}'
    end,
}
function request()
    count = count + 1
    local method, path, body = kinds[count % #kinds + 1]()
    return wrk.format(method, path, head, body)
end
