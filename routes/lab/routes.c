/* What the lab group answers. */
#include "routes/lab/lab.h"

#include "routes/lab/schemas.h"
#include "routes/lab/views.h"

const struct route lab_routes[] = {
    {
        .method = POST, .path = "/api/lab", .handler = queue_lab,
        .runs = FAST_IO, .who = ADMIN,
        .in = &lab_new_shape, .out = &lab_queued_shape, .status = 202, .tag = "lab",
        .problems = PROBLEMS(LAB_TOO_LONG, LAB_IS_RUNNING),
        .summary = "Queue a measurement of the four process shapes on this machine; its task's result has the figures",
    },
    ROUTES_END,
};
