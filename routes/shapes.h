/* What several groups answer with. */
#ifndef ROUTES_SHAPES_H
#define ROUTES_SHAPES_H

#include "db/members.h"
#include "db/users.h"
#include "routes/frame/shape.h"

extern const struct shape user_shape, profile_shape, entry_shape, room_shape;
extern const char *const role_words[];

/* What is announced to streams beside entries. */
struct typing_event {
    int64_t room_id;
    struct person user;
};
struct read_event {
    int64_t room_id, user_id, read_seq;
};

extern const struct shape typing_event_shape, read_event_shape;

/* A page of a list: `next` is what brings the page behind it, NULL (0) at the end. */
struct text_page {
    struct list items;
    const char *next;
};
struct number_page {
    struct list items;
    int64_t next;
};

#define TEXT_PAGE(title, item_shape)                                                               \
    SHAPE(title, struct text_page, FIELD(struct text_page, items, FIELD_LIST, .of = &(item_shape)),    \
          FIELD(struct text_page, next, FIELD_TEXT, .nullable = true,                              \
                .about = "give it back as `cursor` for the next page; null at the end"))
#define NUMBER_PAGE(title, item_shape, how)                                                        \
    SHAPE(title, struct number_page,                                                               \
          FIELD(struct number_page, items, FIELD_LIST, .of = &(item_shape)),                         \
          FIELD(struct number_page, next, FIELD_INT, .nullable = true, .about = how))

/* The query of a list that goes on by ids. */
struct page_query {
    int64_t limit, cursor;
};

#define PAGE_FIELDS(struct_type)                                                                   \
    FIELD(struct_type, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100, .fallback = 50, \
          .about = "items in one page"),                                                           \
        FIELD(struct_type, cursor, FIELD_INT, .from = FROM_QUERY, .min = 1,                        \
              .about = "`next` of the page before")

extern const struct shape page_query_shape;

#endif
