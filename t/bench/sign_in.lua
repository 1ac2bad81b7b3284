-- Users sign in, in turn. Arguments: name, password, name, password …
dofile("t/bench/report.lua")

local bodies = {}
local count = 0
function init(args)
    for i = 1, #args, 2 do
        bodies[#bodies + 1] = '{"username":"' .. args[i] .. '","password":"' .. args[i + 1] .. '"}'
    end
end

function request()
    count = count + 1
    return wrk.format("POST", "/api/sessions", { ["Content-Type"] = "application/json" }, bodies[count % #bodies + 1])
end
