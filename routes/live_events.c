/*
 * Events are ASCII: a client may receive a stream in arbitrary pieces, and some cannot reassemble a
 * character that was split.
 */
#include "routes/live_events.h"

#include "base/json.h"
#include "db/tasks.h"
#include "routes/shapes.h"

static const char *const resync_reason_words[] = {RESYNC_REASONS(VOCABULARY_WORD) NULL};

SCHEMA(hello_event, "HelloEvent",
       FIELD(struct hello_event, rooms, FIELD_SEQS,
             .description = "Your rooms, each with the number of its last entry: the stream "
                            "delivers later ones."),
       FIELD(struct hello_event, heartbeat_ms, FIELD_INT),
       FIELD(struct hello_event, session, FIELD_INT, .description = "The id of your session."),
       FIELD(struct hello_event, resumed, FIELD_BOOL,
             .description = "Whether the entries after the given token follow."),
       FIELD(struct hello_event, more, FIELD_BOOL,
             .description = "Whether another `hello` follows, with more of your rooms."));

SCHEMA(rooms_event, "RoomsEvent",
       FIELD(struct rooms_event, joined, FIELD_SEQS,
             .description = "Rooms that you have joined, each with the number of its last entry."),
       FIELD(struct rooms_event, left, FIELD_INTS, .description = "Rooms that you have left."),
       FIELD(struct rooms_event, restarted, FIELD_SEQS,
             .description = "Rooms that went back to an older state, each with the number of its "
                            "last entry now."),
       FIELD(struct rooms_event, renamed, FIELD_TEXTS, .description = "Rooms with a new name."));

SCHEMA(typing_event, "TypingEvent", FIELD(struct typing_event, room_id, FIELD_INT),
       FIELD(struct typing_event, user, FIELD_INLINE, .item = &person_shape));

SCHEMA(read_event, "ReadEvent", FIELD(struct read_event, room_id, FIELD_INT),
       FIELD(struct read_event, user_id, FIELD_INT), FIELD(struct read_event, read_seq, FIELD_INT));

SCHEMA(presence_event, "PresenceEvent", FIELD(struct presence_event, user_id, FIELD_INT),
       FIELD(struct presence_event, online, FIELD_BOOL));

SCHEMA(task_event, "TaskEvent", FIELD(struct task_event, id, FIELD_INT),
       FIELD(struct task_event, kind, FIELD_TEXT),
       FIELD(struct task_event, state, FIELD_ENUM, .values = task_state_words));

SCHEMA(invitation_event, "InvitationEvent", FIELD(struct invitation_event, room_id, FIELD_INT));

SCHEMA(resync_event, "ResyncEvent",
       FIELD(struct resync_event, reason, FIELD_ENUM, .values = resync_reason_words));

SCHEMA(bye_event, "ByeEvent",
       FIELD(struct bye_event, retry_ms, FIELD_INT,
             .description = "How long to wait before connecting again."));

#define LIVE_EVENT_ROW(kind, name, data, hint) [kind] = {#name, &data##_shape, hint},
const struct live_event live_events[LIVE_EVENT_KINDS] = {LIVE_EVENTS(LIVE_EVENT_ROW)};

#define LIVE_EVENT_MEMBER(kind, name, data, hint) const struct data *name;
struct live_events {
    LIVE_EVENTS(LIVE_EVENT_MEMBER)
};

#define LIVE_EVENT_FIELD(kind, name, data, hint)                                                   \
    FIELD(struct live_events, name, FIELD_OBJECT, .item = &data##_shape),
SHARED_SCHEMA(live_events, "LiveEvents", LIVE_EVENTS(LIVE_EVENT_FIELD));

enum live_event_kind
live_event_of_hint(enum hint_kind hint)
{
    int kind = 0;

    while (live_events[kind].hint != hint) {
        kind++;
    }
    return (enum live_event_kind)kind;
}

void
live_event_write(enum live_event_kind kind, const void *event, struct buf *out)
{
    struct buf json = {0};

    shape_write(live_events[kind].shape, event, &json);
    json_ascii(out, json.at, json.len);
    buf_free(&json);
}

void
live_event_publish(struct redis *redis, enum live_event_kind kind, struct hint hint,
                   const void *event)
{
    struct buf json = {0};

    live_event_write(kind, event, &json);
    hint.kind = live_events[kind].hint;
    hint.json = json.at;
    hint.json_len = json.len;
    hint_publish(redis, &hint);
    buf_free(&json);
}

void
live_entry_fill(struct live_entry *live, const struct entry *entry, const char *json, size_t len)
{
    struct id_text name = {entry->room_id, entry->body};
    struct rooms_event renamed = {.renamed = {&name, 1}};

    buf_clear(&live->entry);
    buf_clear(&live->rooms);
    json_ascii(&live->entry, json, len);
    if (entry->kind == ENTRY_RENAME) {
        live_event_write(LIVE_ROOMS, &renamed, &live->rooms);
    }
}

void
live_entry_free(struct live_entry *live)
{
    buf_free(&live->entry);
    buf_free(&live->rooms);
}

void
live_entry_publish(struct caller *caller, const struct entry *entry, const char *json, size_t len)
{
    struct live_entry live = {0};

    live_entry_fill(&live, entry, json, len);
    hint_publish(caller->redis, &(struct hint){
                                    .kind = HINT_ENTRY,
                                    .room_id = entry->room_id,
                                    .seq = entry->seq,
                                    .at = entry->created_at,
                                    .connected_ms = db_connected_ms(caller->db),
                                    .json = live.entry.at,
                                    .json_len = live.entry.len,
                                    .renamed = live.rooms.at,
                                    .renamed_len = live.rooms.len,
                                });
    live_entry_free(&live);
}
