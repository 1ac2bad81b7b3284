/*
 * The trial route that answers as its caller wishes, also wrongly. The wish is in a header,
 * X-Trial-Answer, which no document names: tests that call every route get the right answer.
 */
#ifndef T_PROGRAM_TRIAL_ANSWERS_H
#define T_PROGRAM_TRIAL_ANSWERS_H

#include "routes/frame/route.h"
#include "routes/frame/shape.h"

struct trial_wish {
    int64_t limit; /* there to be refused with 422 */
};

SCHEMA(trial_wish, "TrialWish",
       FIELD(struct trial_wish, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100));

extern const struct shape trial_answer_shape;

HANDLER(answer_as_wished, trial_wish)

#endif
