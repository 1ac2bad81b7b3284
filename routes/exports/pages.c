/* Everything that people wrote is escaped; the pages have no script and load nothing. */
#include "routes/exports/pages.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "routes/frame/http/url.h"

enum { FOLDER_NAME_BYTES = 90 };

static const struct {
    const char *title, *count, *newer, *older, *rooms, *made;
    const char *joined, *left, *renamed, *role, *opened, *closed, *gone;
    const char *member, *admin, *owner;
} page_texts[] = {
    [ENGLISH] = {"Rooms of", "entries", "newer", "older", "all rooms", "exported at", "has joined",
                 "has left", "has named the room", "now has the role",
                 "has opened the room to everybody", "has closed the room", "somebody who is gone",
                 "member", "admin", "owner"},
    [CHINESE] = {"的房间", "条", "较新", "较早", "所有房间", "导出时间", "加入了房间", "离开了房间",
                 "将房间改名为", "的角色变为", "将房间设为公开", "将房间设为不公开", "已注销的用户",
                 "成员", "管理员", "群主"},
};

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n<style>\n"
    "body{font:16px/1.5 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "max-width:45em;margin:0 auto;padding:1em;color:#1f2328;background:#fff}\n"
    "h1{font-size:1.4em}h2{font-size:1em;text-align:center;color:#57606a;margin:1.5em 0 .5em}\n"
    "article{margin:.6em 0;break-inside:avoid}article b{margin-right:.5em}\n"
    "time,small,nav{color:#57606a;font-size:.85em}p{margin:.1em 0;white-space:pre-wrap;"
    "overflow-wrap:anywhere}\n.me p{background:#ddf4ff;border-left:3px solid #0550ae;"
    "border-radius:6px;padding:.2em .5em}"
    ".note{text-align:center;color:#57606a;font-size:.85em}\n"
    "nav{display:flex;gap:1em;margin:1em 0}a{color:#0550ae}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}.me p{background:"
    "#12304d}a{color:#79c0ff}h2,time,small,nav,.note{color:#9198a1}}\n</style>\n<title>";

static void
html_escape(const char *text, struct buf *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            buf_str(out, "&amp;");
            break;
        case '<':
            buf_str(out, "&lt;");
            break;
        case '>':
            buf_str(out, "&gt;");
            break;
        case '"':
            buf_str(out, "&quot;");
            break;
        default:
            buf_char(out, *text);
        }
    }
}

/*
 * Replaces control characters and those that are special to Windows or a shell; removes dots and
 * spaces at the end.
 */
const char *
pages_folder(struct arena *a, int64_t id, const char *title)
{
    char *name = arena_strdup(a, title);
    size_t len = strlen(name);

    for (char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F || strchr("/\\:*?\"<>|`$&;'", *at) != NULL) {
            *at = '_';
        }
    }
    if (len > FOLDER_NAME_BYTES) {
        len = FOLDER_NAME_BYTES;
        while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80) {
            len--; /* not in the middle of a character */
        }
        name[len] = '\0';
    }
    while (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' ')) {
        name[--len] = '\0';
    }
    return arena_printf(a, "rooms/%" PRId64 "%s%s", id, len > 0 ? " " : "", name);
}

int64_t
pages_count(const struct export_room *room)
{
    return room->last_seq == 0 ? 1 : (room->last_seq + PAGE_ENTRIES - 1) / PAGE_ENTRIES;
}

static void
page_begin(const char *title, enum language language, struct buf *out)
{
    buf_printf(out, page_head, language == CHINESE ? "zh-CN" : "en");
    html_escape(title, out);
    buf_str(out, "</title>\n</head>\n<body>\n");
}

static void
page_link(int64_t page, const char *text, struct buf *out)
{
    buf_printf(out, "<a href=\"%04" PRId64 ".html\">%s</a>", page, text);
}

static void
page_links(const struct export_room *room, int64_t page, enum language language, struct buf *out)
{
    int64_t count = pages_count(room);

    buf_printf(out, "<nav><a href=\"../../index.html\">%s</a>", page_texts[language].rooms);
    if (page > 1) {
        page_link(page - 1, page_texts[language].older, out);
    }
    if (page < count) {
        page_link(page + 1, page_texts[language].newer, out);
    }
    buf_printf(out, "<span>%" PRId64 " / %" PRId64 "</span></nav>\n", page, count);
}

void
pages_begin(const struct export_room *room, int64_t page, enum language language, struct buf *out)
{
    page_begin(room->title, language, out);
    buf_str(out, "<h1>");
    html_escape(room->title, out);
    buf_str(out, "</h1>\n");
    page_links(room, page, language, out);
}

static const char *
role_text(const char *role, enum language language)
{
    if (role == NULL) {
        return "";
    }
    if (strcmp(role, "member") == 0) {
        return page_texts[language].member;
    }
    if (strcmp(role, "admin") == 0) {
        return page_texts[language].admin;
    }
    if (strcmp(role, "owner") == 0) {
        return page_texts[language].owner;
    }
    return role;
}

/* Writes what the sender did; returns true if the entry's body completes the sentence. */
static bool
entry_event(const struct entry *e, enum language language, struct buf *out)
{
    bool is_open;

    switch ((enum entry_kind)e->kind) {
    case ENTRY_JOIN:
        buf_str(out, page_texts[language].joined);
        return false;
    case ENTRY_LEAVE:
        buf_str(out, page_texts[language].left);
        return false;
    case ENTRY_RENAME:
        buf_str(out, page_texts[language].renamed);
        return true;
    case ENTRY_ROLE:
        buf_printf(out, "%s ", page_texts[language].role);
        html_escape(role_text(e->body, language), out);
        return false;
    case ENTRY_OPEN:
        is_open = e->body != NULL && strcmp(e->body, "true") == 0;
        buf_str(out, is_open ? page_texts[language].opened : page_texts[language].closed);
        return false;
    case ENTRY_MESSAGE:
        break;
    }
    return true;
}

/* Writes who has sent an entry: the nickname, and the user name unless it is the same. */
static void
page_sender(const struct person *sender, enum language language, struct buf *out)
{
    const char *nickname = sender->nickname != NULL ? sender->nickname : "";
    const char *username = sender->username != NULL ? sender->username : "";

    buf_str(out, "<bdi>");
    html_escape(nickname[0] != '\0' ? nickname : page_texts[language].gone, out);
    buf_str(out, "</bdi>");
    if (username[0] != '\0' && strcmp(username, nickname) != 0) {
        buf_str(out, " <small>@");
        html_escape(username, out);
        buf_str(out, "</small>");
    }
}

void
pages_entry(const struct entry *e, int64_t me, char day[static 11], enum language language,
            struct buf *out)
{
    char at[CLOCK_TEXT_SIZE];

    at[clock_format(e->created_at, at)] = '\0';
    if (strncmp(at, day, 10) != 0) {
        memcpy(day, at, 10);
        day[10] = '\0';
        buf_printf(out, "<h2>%s</h2>\n", day);
    }
    if (e->kind == ENTRY_MESSAGE) {
        buf_printf(out, "<article%s><b>", e->sender.id == me ? " class=\"me\"" : "");
        page_sender(&e->sender, language, out);
        buf_printf(out, "</b><time datetime=\"%s\">%.5s</time><p dir=\"auto\">", at, at + 11);
        html_escape(e->body == NULL ? "" : e->body, out);
        buf_str(out, "</p></article>\n");
        return;
    }
    buf_printf(out, "<div class=\"note\"><time datetime=\"%s\">%.5s</time> ", at, at + 11);
    page_sender(&e->sender, language, out);
    buf_char(out, ' ');
    if (entry_event(e, language, out) && e->body != NULL) {
        buf_str(out, " <bdi>");
        html_escape(e->body, out);
        buf_str(out, "</bdi>");
    }
    buf_str(out, "</div>\n");
}

void
pages_end(const struct export_room *room, int64_t page, enum language language, struct buf *out)
{
    page_links(room, page, language, out);
    buf_str(out, "</body>\n</html>\n");
}

void
pages_index(const struct user *user, const struct export_room *rooms, size_t count, int64_t made_at,
            enum language language, struct buf *out)
{
    char at[CLOCK_TEXT_SIZE];
    bool zh = language == CHINESE;

    at[clock_format(made_at, at)] = '\0';
    page_begin("fastchat", language, out);
    buf_str(out, "<h1>");
    buf_str(out, zh ? "" : page_texts[language].title);
    buf_str(out, zh ? "" : " ");
    html_escape(user->nickname, out);
    buf_printf(out,
               "%s</h1>\n<p><small>%s <time datetime=\"%s\">%.10s %.5s</time></small></p>\n<ul>\n",
               zh ? page_texts[language].title : "", page_texts[language].made, at, at, at + 11);
    for (size_t i = 0; i < count; i++) {
        buf_str(out, "<li><a href=\"");
        url_escape(out, rooms[i].folder);
        buf_str(out, "/0001.html\">");
        html_escape(rooms[i].title, out);
        buf_printf(out, "</a> <small>%" PRId64 " %s</small></li>\n", rooms[i].last_seq,
                   page_texts[language].count);
    }
    buf_str(out, "</ul>\n</body>\n</html>\n");
}
