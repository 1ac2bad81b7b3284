/* The schemas that several groups use, and their pages. */
#ifndef ROUTES_SHAPES_H
#define ROUTES_SHAPES_H

#include "db/members.h"
#include "db/users.h"
#include "routes/frame/shape.h"

extern const struct shape user_shape, person_shape, profile_shape, entry_shape, room_shape;

/* A page of a list: `next` leads to the next page; NULL or 0 at the end. */
struct text_page {
    struct list items;
    const char *next;
};
struct number_page {
    struct list items;
    int64_t next;
};

/* Lists are read with one row more than the page holds: it tells whether another page follows. */
#define PAGE_ROWS(limit) ((size_t)(limit) + 1)

/*
 * Fills `items` with the first `limit` of `count` rows of `size` bytes. Returns the last item if
 * another page follows it, else NULL.
 */
const void *page_fill(struct list *items, const void *rows, size_t count, size_t size,
                      int64_t limit) __attribute__((nonnull, warn_unused_result));

#define TEXT_PAGE(title, item_shape)                                                               \
    SHAPE(title, struct text_page,                                                                 \
          FIELD(struct text_page, items, FIELD_LIST, .item = &(item_shape)),                       \
          FIELD(struct text_page, next, FIELD_TEXT, .nullable = true, .description = PAGE_NEXT))
#define NUMBER_PAGE(title, item_shape, how)                                                        \
    SHAPE(title, struct number_page,                                                               \
          FIELD(struct number_page, items, FIELD_LIST, .item = &(item_shape)),                     \
          FIELD(struct number_page, next, FIELD_INT, .nullable = true, .description = how))
#define PAGE_NEXT "`cursor` of the next page; null on the last one."

/* The query of a list whose pages continue after an id. */
struct page_query {
    int64_t limit, cursor;
};

#define PAGE_FIELDS(struct_type)                                                                   \
    FIELD(struct_type, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,                 \
          .default_value = 50, .description = "The largest number of items on one page."),         \
        FIELD(struct_type, cursor, FIELD_INT, .from = FROM_QUERY, .min = 1,                        \
              .description = "`next` of the previous page.")

extern const struct shape page_query_shape;

#endif
