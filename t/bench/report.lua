-- One line that t/bench/lib/Load.pm reads: requests, microseconds, p50, p99, answers that were no success.
function done(summary, latency)
    local e = summary.errors
    print(string.format("result %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), e.connect + e.read + e.write + e.timeout + e.status))
end
