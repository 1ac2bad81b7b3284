/*
 * Routes that share an error share its component: a response is named after its status and codes,
 * so that its name is stable and says what it is.
 */
#include "routes/frame/openapi/parts.h"

#include "base/json.h"
#include "routes/frame/declared.h"

/* The errors of a route with one status, in the order of the problem table. */
struct errors {
    int status;
    enum problem problems[PROBLEMS];
    size_t count;
};

static struct errors
errors_of(const struct route *route, int status)
{
    struct errors e = {.status = status};

    for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
        if (problem_text((enum problem)p)->status == status &&
            (declares_problem(route, (enum problem)p) || problem_is_general((enum problem)p))) {
            e.problems[e.count++] = (enum problem)p;
        }
    }
    return e;
}

/* "Error403NotAMemberNotAllowed" */
static void
errors_name(const struct errors *e, struct buf *out)
{
    buf_printf(out, "Error%d", e->status);
    for (size_t i = 0; i < e->count; i++) {
        bool begins = true;

        for (const char *at = problem_text(e->problems[i])->code; *at != '\0'; at++) {
            if (*at != '_') {
                buf_char(out, (char)(begins ? *at & ~0x20 : *at));
            }
            begins = *at == '_';
        }
    }
}

void
openapi_errors(const struct route *route, struct buf *out)
{
    for (int status = 400; status < 600; status++) {
        struct errors e = errors_of(route, status);

        if (e.count > 0) {
            openapi_printf(out, ",'%d':{'$ref':'#/components/responses/", status);
            errors_name(&e, out);
            openapi_put(out, "'}");
        }
        if (status == 422 && route->in != NULL) {
            openapi_put(out, ",'422':{'$ref':'#/components/responses/Error422'}");
        }
    }
}

/* The header lines of an error, by its status. */
static void
errors_headers(int status, struct buf *out)
{
    openapi_put(out, "'headers':{'X-Request-ID':{'$ref':'#/components/headers/X-Request-ID'}");
    if (status == 401) {
        openapi_put(out, ",'WWW-Authenticate':{'$ref':'#/components/headers/WWW-Authenticate'}");
    } else if (status == 405) {
        openapi_put(out, ",'Allow':{'$ref':'#/components/headers/Allow'}");
    } else if (status == 429 || status >= 502) {
        openapi_put(out, ",'Retry-After':{'$ref':'#/components/headers/Retry-After'}");
    }
    buf_char(out, '}');
}

static void
errors_description(const struct errors *e, struct buf *out)
{
    struct buf text = {0};

    for (size_t i = 0; i < e->count; i++) {
        const struct problem_text *problem = problem_text(e->problems[i]);

        buf_printf(&text, "%s`%s`: %s", i > 0 ? "\n\n" : "", problem->code, problem->en);
    }
    openapi_member(out, "description", buf_cstr(&text));
    buf_free(&text);
}

static void
errors_examples(const struct errors *e, struct buf *out)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct problem_text *problem = problem_text(e->problems[i]);

        openapi_printf(out, "%s'%s':{'value':{", i > 0 ? "," : "", problem->code);
        openapi_member(out, "detail", problem->en);
        buf_char(out, ',');
        openapi_member(out, "code", problem->code);
        buf_str(out, "}}");
    }
}

static void
errors_response(const struct errors *e, struct buf *out)
{
    buf_char(out, '{');
    errors_description(e, out);
    buf_char(out, ',');
    errors_headers(e->status, out);
    openapi_put(out, ",'content':{'application/json':{'schema':{'type':'object','required':["
                     "'detail','code'],'properties':{'detail':{'type':'string'},'code':{"
                     "'type':'string','enum':[");
    for (size_t i = 0; i < e->count; i++) {
        openapi_printf(out, "%s'%s'", i > 0 ? "," : "", problem_text(e->problems[i])->code);
    }
    openapi_put(out, "]}}},'examples':{");
    errors_examples(e, out);
    buf_str(out, "}}}}");
}

static void
errors_response_once(const struct errors *e, struct buf *names, struct buf *out)
{
    struct buf name = {0};

    buf_char(&name, '"');
    errors_name(e, &name);
    buf_char(&name, '"');
    if (strstr(buf_cstr(names), buf_cstr(&name)) == NULL) {
        buf_str(names, buf_cstr(&name));
        buf_char(out, ',');
        buf_str(out, buf_cstr(&name));
        buf_char(out, ':');
        errors_response(e, out);
    }
    buf_free(&name);
}

void
openapi_error_responses(const struct route *const *routes, struct buf *out)
{
    struct buf names = {0};

    openapi_put(out, "'Error422':{'description':'The input is invalid: `detail` lists its faults, "
                     "in the form of pydantic v2.',");
    errors_headers(422, out);
    openapi_put(out, ",'content':{'application/json':{'schema':{'$ref':"
                     "'#/components/schemas/Invalid'}}}}");
    for (; *routes != NULL; routes++) {
        for (int status = 400; status < 600; status++) {
            struct errors e = errors_of(*routes, status);

            if (e.count > 0) {
                errors_response_once(&e, &names, out);
            }
        }
    }
    buf_free(&names);
}
