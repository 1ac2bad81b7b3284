/* The route table of the lab group. */
#include "routes/groups.h"
#include "routes/lab/schemas.h"

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/lab", INPUT(queue_lab, lab_new),
        .access = ADMIN,
        .out = &lab_queued_shape, .status = 202,
        .problems = PROBLEMS(LAB_TOO_LONG, LAB_IS_RUNNING, TOO_MANY_TASKS),
        .summary = "Queue a measurement of the four process shapes on this machine; the task's result has the figures",
        .description = "For admins of the server. One run at a time; it loads the machine for as long as it takes, at most half an hour.",
    },
    ROUTES_END,
};

const struct route_group lab_group = {
    .tag = "lab", .description = "Measurements of the process shapes, for admins.", .routes = routes,
};
