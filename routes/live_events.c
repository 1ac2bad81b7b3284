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

const struct stream_event live_events[LIVE_EVENT_KINDS + 2] = {
    [LIVE_HELLO] =
        {"hello", &hello_event_shape, true,
         "The first event. While `more` is true, another one follows with the next rooms. If `resumed` is false, call `POST /api/sync`, even if you have the same numbers."},
    [LIVE_ENTRY] =
        {"entry", &entry_shape, true,
         "A new entry of one of your rooms. Guaranteed: by `seq` within each room, none missing, none twice."},
    [LIVE_ROOMS] =
        {"rooms", &rooms_event_shape, false,
         "Your list of rooms has changed, or the name or the history of one of them. Guaranteed. After a join or a restart of a room, call `POST /api/sync`."},
    [LIVE_TYPING] = {"typing", &typing_event_shape, false,
                     "Somebody else is typing: show it for 6 seconds. Best effort."},
    [LIVE_READ] =
        {"read", &read_event_shape, false,
         "A read mark has moved: another member's, or your own on another device. Best effort."},
    [LIVE_PRESENCE] = {"presence", &presence_event_shape, false,
                       "A user you share a room with has gone online or offline. Best effort."},
    [LIVE_TASK] =
        {"task", &task_event_shape, false,
         "A run of one of your tasks has ended. Best effort: also poll a task that matters."},
    [LIVE_INVITATION] = {"invitation", &invitation_event_shape, false,
                         "Your invitations have changed: get `GET /api/invitations`. Best effort."},
    [LIVE_RESYNC] =
        {"resync", &resync_event_shape, false,
         "The stream has a gap: call `POST /api/sync`. After `too_slow` the stream ends."},
    [LIVE_BYE] = {"bye", &bye_event_shape, false,
                  "The server ends the stream: connect again after `retry_ms`."},
    [LIVE_EVENT_KINDS] = {"heartbeat", NULL, false,
                          "Sent every `heartbeat_ms`. In Server-Sent Events it is a comment."},
};

/* The hint that carries an event through Redis; HINT_NONE for the others. */
static const enum hint_kind hints[LIVE_EVENT_KINDS] = {
    [LIVE_ENTRY] = HINT_ENTRY, [LIVE_TYPING] = HINT_TYPING,
    [LIVE_READ] = HINT_READ,   [LIVE_PRESENCE] = HINT_PRESENCE,
    [LIVE_TASK] = HINT_TASK,   [LIVE_INVITATION] = HINT_INVITATION,
};

enum live_event_kind
live_event_of_hint(enum hint_kind hint)
{
    int kind = 0;

    while (hints[kind] != hint) {
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
    hint.kind = hints[kind];
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
