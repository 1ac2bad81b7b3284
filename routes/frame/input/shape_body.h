/* The JSON body of a request as a struct of a shape. */
#ifndef ROUTES_FRAME_INPUT_SHAPE_BODY_H
#define ROUTES_FRAME_INPUT_SHAPE_BODY_H

#include "routes/frame/request.h"
#include "routes/frame/shape.h"

/*
 * Reads the fields that come from the body into the struct at `to`. Notes the faults, or replies:
 * 413, 415, or 400 if the client is gone.
 */
void shape_read_body(const struct shape *shape, struct request *req, char *to)
    __attribute__((nonnull));

#endif
