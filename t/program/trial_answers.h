/* The trial route that answers as its caller wishes, also wrongly. */
#ifndef T_PROGRAM_TRIAL_ANSWERS_H
#define T_PROGRAM_TRIAL_ANSWERS_H

#include "routes/frame/route.h"
#include "routes/frame/shape.h"

struct trial_wish {
    const char *answer; /* a name in trial_answers.c */
};

SCHEMA(trial_wish, "TrialWish",
       FIELD(struct trial_wish, answer, FIELD_TEXT, .from = FROM_QUERY, .required = true));

extern const struct shape trial_answer_shape;

HANDLER(answer_as_wished, trial_wish)

#endif
