-- Messages into all rooms in turn, each with a client_id of its own.
-- Arguments: the path before the room's number, what follows it, a word that no other run has, rooms, tokens.
dofile("t/bench/report.lua")

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

local before, behind, word, rooms, tokens
local count = 0
function init(args)
    before, behind, word, rooms, tokens = args[1], args[2], args[3], {}, {}
    for room in args[4]:gmatch("%d+") do rooms[#rooms + 1] = room end
    for token in args[5]:gmatch("[^,]+") do tokens[#tokens + 1] = "Bearer " .. token end
    count = number * 7
end

local body = '{"client_id":"%s-%d-%d","body":"The quick brown fox 敏捷的棕色狐狸 jumps over the lazy dog, again."}'
function request()
    count = count + 1
    return wrk.format("POST", before .. rooms[count % #rooms + 1] .. behind,
        { ["Content-Type"] = "application/json", ["Authorization"] = tokens[count % #tokens + 1] },
        body:format(word, number, count))
end
