-- What a chat does: out of ten requests five read a room, two send, one syncs, one lists the rooms, one moves a read mark.
-- Arguments: a word that no other run has, rooms, tokens.
dofile("t/bench/report.lua")

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

local word, rooms, tokens, known
local count = 0
function init(args)
    word, rooms, tokens = args[1], {}, {}
    for room in args[2]:gmatch("%d+") do rooms[#rooms + 1] = room end
    for token in args[3]:gmatch("[^,]+") do tokens[#tokens + 1] = "Bearer " .. token end
    known = table.concat(rooms, '":1000000000,"') .. '":1000000000'
    count = number * 7
end

local function ask(method, path, body)
    return wrk.format(method, path,
        { ["Content-Type"] = "application/json", ["Authorization"] = tokens[math.random(#tokens)] }, body)
end

local message = '{"client_id":"%s-%d-%d","body":"%s"}'
function request()
    count = count + 1
    local room, kind = rooms[math.random(#rooms)], count % 10
    if kind < 5 then
        return ask("GET", "/api/rooms/" .. room .. "/messages?limit=" .. math.random(50))
    elseif kind < 7 then
        return ask("POST", "/api/rooms/" .. room .. "/messages",
            message:format(word, number, count, ("words "):rep(math.random(100))))
    elseif kind == 7 then
        local marks = ("," .. '"' .. known):gsub(',"' .. room .. '":%d+', ',"' .. room .. '":0'):sub(2)
        return ask("POST", "/api/sync", '{"rooms":{' .. marks .. '},"limit":50}')
    elseif kind == 8 then
        return ask("GET", "/api/rooms")
    end
    return ask("PUT", "/api/rooms/" .. room .. "/read", '{"seq":1000000000}')
end
