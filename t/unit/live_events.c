/* Live events: the exact JSON of each, and the events that an entry becomes. */
#include "routes/live_events.h"

#include <string.h>

#include "db/tasks.h"
#include "routes/shapes.h"
#include "t/unit/tap.h"

static void
json_is(enum live_event_kind kind, const void *event, const char *want)
{
    struct buf json = {0};

    live_event_write(kind, event, &json);
    is_str(buf_cstr(&json), want, live_events[kind].name);
    buf_free(&json);
}

static void
test_json(void)
{
    const struct sync_mark marks[] = {{10, 5, 0}, {20, 7, 0}};
    const struct id_text names[] = {{12, "a \"b\""}};
    const int64_t left[] = {13, 14};

    json_is(LIVE_HELLO, &(struct hello_event){{marks, 2}, 15000, 9, 1, 1},
            "{\"rooms\":{\"10\":5,\"20\":7},\"heartbeat_ms\":15000,\"session\":9,"
            "\"resumed\":true,\"more\":true}");
    json_is(LIVE_HELLO, &(struct hello_event){{NULL, 0}, 15000, 9, 0, 0},
            "{\"rooms\":{},\"heartbeat_ms\":15000,\"session\":9,\"resumed\":false,\"more\":false}");
    json_is(
        LIVE_ROOMS, &(struct rooms_event){{marks, 1}, {left, 2}, {marks + 1, 1}, {names, 1}},
        "{\"joined\":{\"10\":5},\"left\":[13,14],\"restarted\":{\"20\":7},\"renamed\":{\"12\":\"a \\\"b\\\"\"}}");
    json_is(LIVE_ROOMS, &(struct rooms_event){0},
            "{\"joined\":{},\"left\":[],\"restarted\":{},\"renamed\":{}}");
    json_is(
        LIVE_TYPING, &(struct typing_event){12, {7, "li", "\xE6\x9D\x8E", false}},
        "{\"room_id\":12,\"user\":{\"id\":7,\"username\":\"li\",\"nickname\":\"\\u674e\",\"nickname_taken\":false}}");
    json_is(LIVE_READ, &(struct read_event){12, 7, 5},
            "{\"room_id\":12,\"user_id\":7,\"read_seq\":5}");
    json_is(LIVE_PRESENCE, &(struct presence_event){7, 1}, "{\"user_id\":7,\"online\":true}");
    json_is(LIVE_TASK, &(struct task_event){3, "square", TASK_DONE},
            "{\"id\":3,\"kind\":\"square\",\"state\":\"done\"}");
    json_is(LIVE_INVITATION, &(struct invitation_event){12}, "{\"room_id\":12}");
    json_is(LIVE_RESYNC, &(struct resync_event){RESYNC_UNKNOWN_TOKEN},
            "{\"reason\":\"unknown_token\"}");
    json_is(LIVE_RESYNC, &(struct resync_event){RESYNC_TOO_SLOW}, "{\"reason\":\"too_slow\"}");
    json_is(LIVE_BYE, &(struct bye_event){1234}, "{\"retry_ms\":1234}");
}

static void
test_names(void)
{
    static const char *const names[] = {"hello",    "entry", "rooms",      "typing", "read",
                                        "presence", "task",  "invitation", "resync", "bye"};

    is_int(LIVE_EVENT_KINDS, sizeof(names) / sizeof(names[0]), "the kinds of events");
    for (int kind = 0; kind < LIVE_EVENT_KINDS; kind++) {
        is_str(live_events[kind].name, names[kind], "an event has the name that clients know");
    }
    ok(live_event_of_hint(HINT_TYPING) == LIVE_TYPING &&
           live_event_of_hint(HINT_READ) == LIVE_READ &&
           live_event_of_hint(HINT_TASK) == LIVE_TASK &&
           live_event_of_hint(HINT_INVITATION) == LIVE_INVITATION &&
           live_event_of_hint(HINT_PRESENCE) == LIVE_PRESENCE,
       "a hint carries the event of its kind");
}

static void
fill(struct live_entry *live, const struct entry *entry)
{
    struct buf reply = {0};

    shape_write(&entry_shape, entry, &reply);
    live_entry_fill(live, entry, reply.at, reply.len);
    buf_free(&reply);
}

static void
test_entries(void)
{
    struct entry entry = {.room_id = 12,
                          .seq = 3,
                          .kind = ENTRY_RENAME,
                          .sender = {7, "li", "\xE6\x9D\x8E", false},
                          .body = "\xE6\x9D\x8E \"x\"\n"};
    struct live_entry live = {0};

    fill(&live, &entry);
    ok(strstr(buf_cstr(&live.entry),
              "{\"room_id\":12,\"seq\":3,\"kind\":\"rename\",\"sender\":"
              "{\"id\":7,\"username\":\"li\",\"nickname\":\"\\u674e\",\"nickname_taken\":false}") !=
           NULL,
       "an entry's event is the reply's JSON in ASCII");
    is_str(
        buf_cstr(&live.rooms),
        "{\"joined\":{},\"left\":[],\"restarted\":{},\"renamed\":{\"12\":\"\\u674e \\\"x\\\"\\n\"}}",
        "a rename is also a change of rooms");
    entry.kind = ENTRY_MESSAGE;
    fill(&live, &entry);
    is_int((int64_t)live.rooms.len, 0, "a message is not a change of rooms");
    live_entry_free(&live);
}

int
main(void)
{
    test_json();
    test_names();
    test_entries();
    return done_testing();
}
